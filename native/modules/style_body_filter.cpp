// Changes the response body on its way out: upper-cases the chunks in memory, appends a line, and corrects Content-Length.

#include "module.h"

static char g_line[] = "\n-- filtered --\n";

class CBodyFilter : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider* pProvider) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        HTTP_RESPONSE* raw = pResponse->GetRawHttpResponse();
        DWORD total = 0;
        for (USHORT i = 0; i < raw->EntityChunkCount; ++i)
            if (raw->pEntityChunks[i].DataChunkType == HttpDataChunkFromMemory)
                total += raise(raw->pEntityChunks[i]);
        if (pProvider->GetFlags() & HTTP_SEND_RESPONSE_FLAG_MORE_DATA)
            return RQ_NOTIFICATION_CONTINUE;

        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = g_line;
        chunk.FromMemory.BufferLength = sizeof g_line - 1;
        HRESULT hr = pResponse->WriteEntityChunkByReference(&chunk, -1);
        if (SUCCEEDED(hr) && pProvider->GetHeadersBeingSent())
        {
            Text length;
            length << total + chunk.FromMemory.BufferLength;
            pResponse->SetHeader(HttpHeaderContentLength, length.data(), length.length(), TRUE);
        }
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static DWORD raise(HTTP_DATA_CHUNK& chunk)
    {
        char* text = static_cast<char*>(chunk.FromMemory.pBuffer);
        for (ULONG i = 0; i < chunk.FromMemory.BufferLength; ++i)
            if (text[i] >= 'a' && text[i] <= 'z')
                text[i] -= 'a' - 'A';
        return chunk.FromMemory.BufferLength;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBodyFilter>(pModuleInfo, RQ_SEND_RESPONSE);
}
