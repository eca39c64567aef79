// Sets a header when the headers have been sent.

#include "module.h"

class CLateHeader : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        DWORD cbSent = 0;
        writeBody(pResponse, "sent", 4);
        pResponse->Flush(FALSE, TRUE, &cbSent);
        pResponse->SetHeader("X-Late", "1", 1, TRUE);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLateHeader>(pModuleInfo, RQ_BEGIN_REQUEST);
}
