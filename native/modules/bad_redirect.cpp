// Redirects and lets the request go on.

#include "module.h"

class CRedirect : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->GetResponse()->Redirect("/elsewhere");
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CRedirect>(pModuleInfo, RQ_BEGIN_REQUEST);
}
