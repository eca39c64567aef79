// Closes the token of IIS's user at the end of the first request.

#include "module.h"

static volatile LONG g_requests;

class CClosesToken : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpUser* pUser = pHttpContext->GetUser();
        if (pUser && InterlockedIncrement(&g_requests) == 1)
            CloseHandle(pUser->GetImpersonationToken());
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CClosesToken>(pModuleInfo, RQ_END_REQUEST);
}
