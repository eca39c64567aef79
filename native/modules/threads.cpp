// Hands each request to a thread of its own and waits for it; that thread lives from RegisterModule to Terminate.
//
// The body is "N by another thread", N counting the requests. The worker uses request memory and the response.

#include "module.h"

class CWorker
{
public:
    CWorker()
    {
        m_wake = CreateEventA(NULL, FALSE, FALSE, NULL);
        m_done = CreateEventA(NULL, FALSE, FALSE, NULL);
        InitializeCriticalSection(&m_lock);
        m_thread = CreateThread(NULL, 0, run, this, 0, NULL);
    }

    ~CWorker()
    {
        handle(NULL);
        WaitForSingleObject(m_thread, INFINITE);
        CloseHandle(m_thread);
        CloseHandle(m_done);
        CloseHandle(m_wake);
        DeleteCriticalSection(&m_lock);
    }

    void handle(IHttpContext* pHttpContext)
    {
        EnterCriticalSection(&m_lock);
        m_requester = GetCurrentThreadId();
        m_context = pHttpContext;
        SetEvent(m_wake);
        WaitForSingleObject(m_done, INFINITE);
        LeaveCriticalSection(&m_lock);
    }

private:
    static DWORD WINAPI run(void* argument)
    {
        CWorker* self = static_cast<CWorker*>(argument);
        do
            WaitForSingleObject(self->m_wake, INFINITE);
        while (self->serve());
        return 0;
    }

    bool serve()
    {
        IHttpContext* pHttpContext = m_context;
        if (pHttpContext)
        {
            Text text;
            text << ++m_count << " by " << (GetCurrentThreadId() == m_requester ? "the same thread" : "another thread");
            reply(pHttpContext, text);
        }
        SetEvent(m_done);
        return pHttpContext != NULL;
    }

    HANDLE m_wake;
    HANDLE m_done;
    HANDLE m_thread;
    CRITICAL_SECTION m_lock;
    IHttpContext* volatile m_context = NULL;
    DWORD m_requester = 0;
    DWORD m_count = 0;
};

static CWorker* g_worker;

class CThreads : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        g_worker->handle(pHttpContext);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

class CThreadsFactory : public ModuleFactory<CThreads>
{
public:
    void Terminate() override
    {
        delete g_worker;
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_worker = new CWorker;
    return pModuleInfo->SetRequestNotifications(new CThreadsFactory, RQ_BEGIN_REQUEST, 0);
}
