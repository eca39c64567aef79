// Completes a notification twice, as the query string says: ?post-post, ?post-indicate, ?indicate-continue (inside the
// handler), ?own (PostCompletion twice from a thread of its own).

#include "own_thread.h"

class CBadCompleteTwice : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[32];
        queryString(pHttpContext, how);
        m_context = pHttpContext;
        if (strcmp(how, "own") == 0)
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

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }

    void work()
    {
        IHttpContext* pHttpContext = m_context;
        pHttpContext->PostCompletion(1);
        Sleep(50);
        pHttpContext->PostCompletion(2);
    }

private:
    IHttpContext* m_context = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadCompleteTwice>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
