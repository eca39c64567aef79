// An asynchronous handler: returns PENDING while a thread works, which resumes the request as the query string says.
//
// ?post: PostCompletion, answered in OnAsyncCompletion. ?indicate: the thread writes the answer and calls
// IndicateCompletion. ?inline: PostCompletion before PENDING is returned. ?never: nothing resumes it.

#include "own_thread.h"

class CAsync : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        queryString(pHttpContext, m_how);
        m_context = pHttpContext;
        if (strcmp(m_how, "inline") == 0)
            pHttpContext->PostCompletion(7);
        else if (strcmp(m_how, "never") != 0)
            OwnThread<CAsync>::start(this);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD dwNotification, BOOL fPost,
                                                  IHttpEventProvider*, IHttpCompletionInfo* pCompletionInfo) override
    {
        Text text;
        text << "completed " << pCompletionInfo->GetCompletionBytes() << " bytes, "
             << Hex{static_cast<DWORD>(pCompletionInfo->GetCompletionStatus())} << ", notification "
             << Hex{dwNotification} << (fPost ? " post" : "");
        return reply(pHttpContext, text);
    }

    void work()
    {
        IHttpContext* pHttpContext = m_context;
        Sleep(5);
        if (strcmp(m_how, "indicate") == 0)
        {
            Text text;
            text << "indicated";
            reply(pHttpContext, text);
            pHttpContext->IndicateCompletion(RQ_NOTIFICATION_FINISH_REQUEST);
        }
        else
            pHttpContext->PostCompletion(42);
    }

private:
    IHttpContext* m_context = NULL;
    char m_how[16] = "";
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsync>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
