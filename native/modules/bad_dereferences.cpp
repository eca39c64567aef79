// Dereferences IIS's user without having referenced it.

#include "module.h"

class CDereferences : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnPostAuthenticateRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpUser* pUser = pHttpContext->GetUser();
        if (pUser)
            pUser->DereferenceUser();
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CDereferences>(pModuleInfo, 0, RQ_AUTHENTICATE_REQUEST);
}
