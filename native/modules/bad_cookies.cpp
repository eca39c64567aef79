// Sets its cookie with fReplace: those of the application go.

#include "module.h"

class CCookies : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider* pProvider) override
    {
        if (pProvider->GetHeadersBeingSent())
            pHttpContext->GetResponse()->SetHeader(HttpHeaderSetCookie, "seen=1; Path=/", 14, TRUE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCookies>(pModuleInfo, RQ_SEND_RESPONSE);
}
