// Removes what tells about the server (Server, X-Powered-By) and adds security headers, as the last module that sees the
// response: SEND_RESPONSE with priority FIRST, because that order is inverted.

#include "module.h"

class CStripper : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider* pProvider) override
    {
        if (!pProvider->GetHeadersBeingSent())
            return RQ_NOTIFICATION_CONTINUE;
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        static const PCSTR unwanted[] = {"Server", "X-Powered-By", "X-AspNet-Version"};
        for (PCSTR name : unwanted)
            pResponse->DeleteHeader(name);
        set(pResponse, "X-Content-Type-Options", "nosniff");
        set(pResponse, "X-Frame-Options", "SAMEORIGIN");
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static void set(IHttpResponse* pResponse, PCSTR name, PCSTR value)
    {
        pResponse->SetHeader(name, value, static_cast<USHORT>(strlen(value)), TRUE);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = registerModule<CStripper>(pModuleInfo, RQ_SEND_RESPONSE);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_SEND_RESPONSE, PRIORITY_ALIAS_FIRST);
    return hr;
}
