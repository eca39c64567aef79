// Measures pAbsPath with wcslen, although only the last part of the URL is terminated.

#include "module.h"

class CUrlString : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const HTTP_COOKED_URL& url = pHttpContext->GetRequest()->GetRawHttpRequest()->CookedUrl;
        m_length = wcslen(url.pAbsPath);
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    volatile size_t m_length = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CUrlString>(pModuleInfo, RQ_BEGIN_REQUEST);
}
