// Passes NULL, or nothing, wherever an out parameter is optional; the body is "done" if the host survived.

#include "module.h"

class CNullOuts : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        IHttpResponse* pResponse = pHttpContext->GetResponse();

        pRequest->GetHeader(HttpHeaderHost);
        pRequest->GetHeader("Host", NULL);
        pHttpContext->GetPhysicalPath();
        pHttpContext->GetScriptName();
        pHttpContext->GetScriptTranslated();

        char buffer[16];
        DWORD received = 0;
        pRequest->ReadEntityBody(buffer, sizeof buffer, FALSE, &received);
        pRequest->ReadEntityBody(buffer, sizeof buffer, FALSE, NULL, NULL);

        USHORT code = 0;
        pResponse->GetStatus(&code);
        pResponse->GetStatus(&code, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        pResponse->SetStatus(code, "OK");
        pResponse->GetHeader(HttpHeaderContentType);
        pResponse->GetHeader("Server", NULL);
        pResponse->GetErrorDescription();
        static_cast<IHttpResponse4*>(pResponse)->GetTrailer("X-Trailer");

        DWORD notification = 0;
        pHttpContext->GetCurrentExecutionStats(&notification);

        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = const_cast<char*>("done");
        chunk.FromMemory.BufferLength = 4;
        pResponse->WriteEntityChunks(&chunk, 1, FALSE, FALSE, NULL);
        pResponse->Flush(FALSE, FALSE, NULL);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CNullOuts>(pModuleInfo, RQ_BEGIN_REQUEST);
}
