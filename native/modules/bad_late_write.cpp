// Writes when it has said with its last flush that nothing more comes.

#include "module.h"

class CLateWrite : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        DWORD cbSent = 0;
        writeBody(pResponse, "all", 3);
        pResponse->Flush(FALSE, FALSE, &cbSent);
        writeBody(pResponse, "lost", 4);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLateWrite>(pModuleInfo, RQ_BEGIN_REQUEST);
}
