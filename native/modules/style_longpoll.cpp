// Keeps requests open until something happens, as gateways and message queues do; learns from its connection context
// when the client goes away, and then completes what it kept open.
//
// "?wait" waits; any other request says how many requests its connection has carried: "2 on this connection". The
// debugger is told "disconnected", "completed 0x…, connected 0" and "connection cleaned up".

#include "module.h"

static HTTP_MODULE_ID g_id;

class CWatch : public IHttpConnectionStoredContext
{
public:
    CWatch() { InitializeCriticalSection(&m_lock); }
    ~CWatch() { DeleteCriticalSection(&m_lock); }

    void NotifyDisconnect() override
    {
        OutputDebugStringA("disconnected");
        EnterCriticalSection(&m_lock);
        IHttpContext* pWaiting = m_waiting;
        m_waiting = NULL;
        m_gone = true;
        LeaveCriticalSection(&m_lock);
        if (pWaiting)
            pWaiting->PostCompletion(0);
    }

    void CleanupStoredContext() override
    {
        OutputDebugStringA("connection cleaned up");
        delete this;
    }

    // Returns whether the client is still there to be waited for.
    bool wait(IHttpContext* pHttpContext)
    {
        EnterCriticalSection(&m_lock);
        bool there = !m_gone;
        m_waiting = there ? pHttpContext : NULL;
        LeaveCriticalSection(&m_lock);
        return there;
    }

    int requests = 0;

private:
    CRITICAL_SECTION m_lock;
    IHttpContext* m_waiting = NULL;
    bool m_gone = false;
};

class CLongPoll : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[16];
        queryString(pHttpContext, how);
        CWatch* pWatch = watch(pHttpContext->GetConnection());
        if (!pWatch)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        ++pWatch->requests;
        if (strcmp(how, "wait") == 0 && pWatch->wait(pHttpContext))
            return RQ_NOTIFICATION_PENDING;
        Text text;
        text << pWatch->requests << " on this connection";
        return reply(pHttpContext, text);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        DWORD sent = 0;
        writeBody(pHttpContext->GetResponse(), "too late", 8);
        HRESULT hr = pHttpContext->GetResponse()->Flush(FALSE, TRUE, &sent);
        Text text;
        text << "completed " << Hex{static_cast<DWORD>(hr)} << ", connected "
             << pHttpContext->GetConnection()->IsConnected();
        OutputDebugStringA(text.data());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static CWatch* watch(IHttpConnection* pConnection)
    {
        IHttpConnectionModuleContextContainer* pContainer = pConnection->GetModuleContextContainer();
        if (IHttpConnectionStoredContext* pKnown = pContainer->GetConnectionModuleContext(g_id))
            return static_cast<CWatch*>(pKnown);
        CWatch* pWatch = new CWatch;
        if (SUCCEEDED(pContainer->SetConnectionModuleContext(pWatch, g_id)))
            return pWatch;
        delete pWatch;
        return NULL;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_id = pModuleInfo->GetId();
    return registerModule<CLongPoll>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
