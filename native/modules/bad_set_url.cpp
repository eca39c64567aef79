// Rewrites the URL with SetUrl in AUTHORIZE_REQUEST.

#include "module.h"

class CSetUrl : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnAuthorizeRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->GetRequest()->SetUrl(L"/other", 6, FALSE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSetUrl>(pModuleInfo, RQ_AUTHORIZE_REQUEST);
}
