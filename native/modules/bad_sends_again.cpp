// Flushes in OnSendResponse without noticing that it is inside of a send already.

#include "module.h"

class CSendsAgain : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider*) override
    {
        DWORD cbSent = 0;
        pHttpContext->GetResponse()->Flush(FALSE, TRUE, &cbSent);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSendsAgain>(pModuleInfo, RQ_SEND_RESPONSE);
}
