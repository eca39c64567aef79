// Completes a notification with IndicateCompletion inside of OnAsyncCompletion, and once more with what that returns.

#include "module.h"

class CCompletesAgain : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->PostCompletion(0);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        pHttpContext->IndicateCompletion(RQ_NOTIFICATION_CONTINUE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCompletesAgain>(pModuleInfo, RQ_BEGIN_REQUEST);
}
