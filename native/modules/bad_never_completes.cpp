// Returns PENDING and completes nothing: a thread of its own, which should, sleeps. ?again: the completion comes, and is
// answered with PENDING again. ?later: BEGIN_REQUEST is completed, PRE_EXECUTE_REQUEST_HANDLER is not.

#include "own_thread.h"

class CBadNeverCompletes : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        queryString(pHttpContext, m_how);
        if (strcmp(m_how, "later") != 0)
            return RQ_NOTIFICATION_CONTINUE;
        pHttpContext->PostCompletion(0);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnPreExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (strcmp(m_how, "again") == 0)
            pHttpContext->PostCompletion(0);
        else
            OwnThread<CBadNeverCompletes>::start(this);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD dwNotification, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        return dwNotification == RQ_BEGIN_REQUEST ? RQ_NOTIFICATION_CONTINUE : RQ_NOTIFICATION_PENDING;
    }

    void work() { Sleep(INFINITE); }

private:
    char m_how[16] = "";
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadNeverCompletes>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_PRE_EXECUTE_REQUEST_HANDLER);
}
