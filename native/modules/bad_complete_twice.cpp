// Completes a notification twice, as the query string says: ?post-post, ?post-indicate, ?indicate-continue (inside the
// handler), ?own (PostCompletion twice from a thread of its own, the second time when the request is in END_REQUEST),
// ?early (the same from within the handler; the first completion has to be delivered meanwhile).

#include "own_thread.h"

class CBadCompleteTwice : public CHttpModule
{
public:
    ~CBadCompleteTwice()
    {
        CloseHandle(m_ending);
        CloseHandle(m_posted);
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[32];
        queryString(pHttpContext, how);
        m_context = pHttpContext;
        m_waits = strcmp(how, "own") == 0 || strcmp(how, "early") == 0;
        if (strcmp(how, "early") == 0)
        {
            work();
            return RQ_NOTIFICATION_PENDING;
        }
        if (m_waits)
        {
            OwnThread<CBadCompleteTwice>::start(this);
            return RQ_NOTIFICATION_PENDING;
        }
        if (strcmp(how, "indicate-continue") == 0)
        {
            pHttpContext->IndicateCompletion(RQ_NOTIFICATION_CONTINUE);
            return RQ_NOTIFICATION_CONTINUE;
        }
        pHttpContext->PostCompletion(1);
        if (strcmp(how, "post-post") == 0)
            pHttpContext->PostCompletion(2);
        else
            pHttpContext->IndicateCompletion(RQ_NOTIFICATION_FINISH_REQUEST);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext*, IHttpEventProvider*) override
    {
        SetEvent(m_ending);
        if (m_waits)
            WaitForSingleObject(m_posted, INFINITE);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }

    void work()
    {
        m_context->PostCompletion(1);
        WaitForSingleObject(m_ending, INFINITE);
        m_context->PostCompletion(2);
        SetEvent(m_posted);
    }

private:
    IHttpContext* m_context = NULL;
    bool m_waits = false;
    HANDLE m_ending = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE m_posted = CreateEventA(NULL, TRUE, FALSE, NULL);
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadCompleteTwice>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER | RQ_END_REQUEST);
}
