// Streams: flushes in BEGIN_REQUEST, writes and flushes again, and then changes a header that has left already.
//
// The body is "one two three"; X-Late never reaches the client. The notifications go on after the flush.

#include "module.h"

class CFlushEarly : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        write(pResponse, "one ");
        write(pResponse, "two ");
        pResponse->SetHeader("X-Late", "too late", 8, TRUE);
        pResponse->SetStatus(500, "Too Late");
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        write(pHttpContext->GetResponse(), "three");
        pHttpContext->SetRequestHandled();
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static void write(IHttpResponse* pResponse, PCSTR text)
    {
        writeBody(pResponse, text, static_cast<DWORD>(strlen(text)));
        DWORD cbSent = 0;
        pResponse->Flush(FALSE, TRUE, &cbSent);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CFlushEarly>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_EXECUTE_REQUEST_HANDLER);
}
