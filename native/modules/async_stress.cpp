// Gives every request to four threads of its own, which complete them: every other one with PostCompletion, answered in
// OnAsyncCompletion, the others with IndicateCompletion after they have written the answer, which is the query string.
//
// ?counts is answered at once: "created N, disposed N, posted N, indicated N"; N counts module objects, this one included.

#include "module.h"

static volatile LONG g_created, g_disposed, g_posted, g_indicated;

class CStress;

class CWorkers
{
public:
    static const int COUNT = 4;

    CWorkers()
    {
        InitializeCriticalSection(&m_lock);
        m_waiting = CreateSemaphoreA(NULL, 0, 0x7FFFFFFF, NULL);
        for (int i = 0; i < COUNT; ++i)
            m_threads[i] = CreateThread(NULL, 0, run, this, 0, NULL);
    }

    ~CWorkers()
    {
        ReleaseSemaphore(m_waiting, COUNT, NULL);
        for (int i = 0; i < COUNT; ++i)
        {
            WaitForSingleObject(m_threads[i], INFINITE);
            CloseHandle(m_threads[i]);
        }
        CloseHandle(m_waiting);
        DeleteCriticalSection(&m_lock);
    }

    void take(CStress* request);

private:
    static DWORD WINAPI run(void* argument);

    CRITICAL_SECTION m_lock;
    HANDLE m_waiting;
    HANDLE m_threads[COUNT];
    CStress* m_first = NULL;
};

static CWorkers* g_workers;

class CStress : public CHttpModule
{
public:
    CStress() : m_number(InterlockedIncrement(&g_created)) {}
    ~CStress() { InterlockedIncrement(&g_disposed); }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        m_context = pHttpContext;
        if (strcmp(queryString(pHttpContext, m_query), "counts") == 0)
        {
            Text text;
            text << "created " << int(g_created) << ", disposed " << int(g_disposed) << ", posted " << int(g_posted)
                 << ", indicated " << int(g_indicated);
            return reply(pHttpContext, text);
        }
        g_workers->take(this);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        if (pCompletionInfo->GetCompletionBytes() != static_cast<DWORD>(m_number))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return answer();
    }

    void work()
    {
        IHttpContext* pHttpContext = m_context;
        if (m_number & 1)
        {
            InterlockedIncrement(&g_posted);
            pHttpContext->PostCompletion(m_number);
        }
        else
        {
            InterlockedIncrement(&g_indicated);
            pHttpContext->IndicateCompletion(answer());
        }
    }

    CStress* m_next = NULL;

private:
    REQUEST_NOTIFICATION_STATUS answer()
    {
        IHttpResponse* pResponse = m_context->GetResponse();
        pResponse->Clear();
        writeBody(pResponse, m_query, static_cast<DWORD>(strlen(m_query)));
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    LONG m_number;
    IHttpContext* m_context = NULL;
    char m_query[32] = "";
};

void CWorkers::take(CStress* request)
{
    EnterCriticalSection(&m_lock);
    request->m_next = m_first;
    m_first = request;
    LeaveCriticalSection(&m_lock);
    ReleaseSemaphore(m_waiting, 1, NULL);
}

DWORD WINAPI CWorkers::run(void* argument)
{
    CWorkers* self = static_cast<CWorkers*>(argument);
    for (;;)
    {
        WaitForSingleObject(self->m_waiting, INFINITE);
        EnterCriticalSection(&self->m_lock);
        CStress* request = self->m_first;
        if (request)
            self->m_first = request->m_next;
        LeaveCriticalSection(&self->m_lock);
        if (!request)
            return 0;
        request->work();
    }
}

class CStressFactory : public ModuleFactory<CStress>
{
public:
    void Terminate() override
    {
        delete g_workers;
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_workers = new CWorkers;
    return pModuleInfo->SetRequestNotifications(new CStressFactory, RQ_EXECUTE_REQUEST_HANDLER, 0);
}
