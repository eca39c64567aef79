// Redirects to the URL in the query string (?/elsewhere) and finishes; without a query string to https://example.com/.

#include "module.h"

class CRedirect : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char target[1024];
        queryString(pHttpContext, target);
        HRESULT hr = pHttpContext->GetResponse()->Redirect(*target ? target : "https://example.com/", TRUE, FALSE);
        if (FAILED(hr))
            pHttpContext->GetResponse()->SetStatus(500, "Server Error", 0, hr);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CRedirect>(pModuleInfo, RQ_BEGIN_REQUEST);
}
