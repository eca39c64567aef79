// Frames its body itself, as gateways do that pass on what a back end has chunked, and adds trailers.
//
// "?open" forgets the last chunk, "?plain" forgets the framing, "?trailers" adds an HTTP_DATA_CHUNK of trailers and asks
// what is known of them.

#include "module.h"

class CChunkedItself : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[16];
        queryString(pHttpContext, how);
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        DWORD sent = 0;
        pResponse->Clear();
        pResponse->SetHeader(HttpHeaderTransferEncoding, "chunked", 7, TRUE);
        if (strcmp(how, "plain") == 0)
        {
            writeBody(pResponse, "no framing", 10);
            return RQ_NOTIFICATION_FINISH_REQUEST;
        }
        writeBody(pResponse, "5\r\nfirst\r", 9);
        pResponse->Flush(FALSE, TRUE, &sent);
        writeBody(pResponse, "\n7;quiet\r\n second\r\n", 19);
        if (strcmp(how, "trailers") == 0)
            addTrailers(pResponse);
        if (strcmp(how, "open") != 0)
            writeBody(pResponse, "0\r\n\r\n", 5);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static void addTrailers(IHttpResponse* pResponse)
    {
        HTTP_UNKNOWN_HEADER trailer = {};
        trailer.pName = "X-Sum";
        trailer.NameLength = 5;
        trailer.pRawValue = "42";
        trailer.RawValueLength = 2;
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkTrailers;
        chunk.Trailers.TrailerCount = 1;
        chunk.Trailers.pTrailers = &trailer;
        DWORD sent = 0;
        HRESULT hr = pResponse->WriteEntityChunks(&chunk, 1, FALSE, TRUE, &sent);
        USHORT length = 0;
        PCSTR known = static_cast<IHttpResponse4*>(pResponse)->GetTrailer("x-sum", &length);
        Text text;
        text << Hex{static_cast<DWORD>(hr)} << " " << known << " " << length;
        OutputDebugStringA(text.data());
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChunkedItself>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
