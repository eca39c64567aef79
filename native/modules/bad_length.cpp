// Adds a line to a response whose Content-Length it has set before.

#include "module.h"

class CLength : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetHeader(HttpHeaderContentLength, "4", 1, TRUE);
        writeBody(pResponse, "four", 4);
        writeBody(pResponse, " and more", 9);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLength>(pModuleInfo, RQ_BEGIN_REQUEST);
}
