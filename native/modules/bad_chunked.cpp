// Sets Transfer-Encoding: chunked and writes a body that is not framed that way.

#include "module.h"

class CChunked : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetHeader(HttpHeaderTransferEncoding, "chunked", 7, TRUE);
        writeBody(pResponse, "no chunk", 8);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChunked>(pModuleInfo, RQ_BEGIN_REQUEST);
}
