// Sends the request back: method, URL and all headers as lines of text, an empty line, then the body as it came.

#include "module.h"

static const PCSTR g_known[] = {
    "Cache-Control",   "Connection",       "Date",
    "Keep-Alive",      "Pragma",           "Trailer",
    "Transfer-Encoding", "Upgrade",        "Via",
    "Warning",         "Allow",            "Content-Length",
    "Content-Type",    "Content-Encoding", "Content-Language",
    "Content-Location", "Content-MD5",     "Content-Range",
    "Expires",         "Last-Modified",    "Accept",
    "Accept-Charset",  "Accept-Encoding",  "Accept-Language",
    "Authorization",   "Cookie",           "Expect",
    "From",            "Host",             "If-Match",
    "If-Modified-Since", "If-None-Match",  "If-Range",
    "If-Unmodified-Since", "Max-Forwards", "Proxy-Authorization",
    "Referer",         "Range",            "TE",
    "Translate",       "User-Agent",
};

class CEcho : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->Clear();
        pResponse->SetHeader(HttpHeaderContentType, "application/octet-stream", 24, TRUE);
        HRESULT hr = copyHead(pRequest, pResponse);
        if (SUCCEEDED(hr))
            hr = copyBody(pHttpContext, pRequest, pResponse);
        if (FAILED(hr))
            pResponse->SetStatus(500, "Server Error", 0, hr);
        pHttpContext->SetRequestHandled();
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static HRESULT copyHead(IHttpRequest* pRequest, IHttpResponse* pResponse)
    {
        const HTTP_REQUEST* raw = pRequest->GetRawHttpRequest();
        PCSTR method = pRequest->GetHttpMethod();
        HRESULT hr = line(pResponse, method, strlen(method), " ", raw->pRawUrl, raw->RawUrlLength);
        for (size_t i = 0; SUCCEEDED(hr) && i < sizeof g_known / sizeof *g_known; ++i)
        {
            const HTTP_KNOWN_HEADER& header = raw->Headers.KnownHeaders[i];
            if (header.RawValueLength)
                hr = line(pResponse, g_known[i], strlen(g_known[i]), ": ", header.pRawValue, header.RawValueLength);
        }
        for (USHORT i = 0; SUCCEEDED(hr) && i < raw->Headers.UnknownHeaderCount; ++i)
        {
            const HTTP_UNKNOWN_HEADER& header = raw->Headers.pUnknownHeaders[i];
            hr = line(pResponse, header.pName, header.NameLength, ": ", header.pRawValue, header.RawValueLength);
        }
        return SUCCEEDED(hr) ? writeBody(pResponse, "\n", 1) : hr;
    }

    // Writes "name: value" and a line feed as four chunks of one call.
    static HRESULT line(IHttpResponse* pResponse, PCSTR name, size_t nameLength, PCSTR separator, PCSTR value,
                        size_t valueLength)
    {
        HTTP_DATA_CHUNK chunks[] = {
            memory(name, nameLength),
            memory(separator, strlen(separator)),
            memory(value, valueLength),
            memory("\n", 1),
        };
        DWORD sent = 0;
        return pResponse->WriteEntityChunks(chunks, sizeof chunks / sizeof *chunks, FALSE, TRUE, &sent);
    }

    static HTTP_DATA_CHUNK memory(PCSTR data, size_t size)
    {
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = const_cast<char*>(data);
        chunk.FromMemory.BufferLength = static_cast<ULONG>(size);
        return chunk;
    }

    static HRESULT copyBody(IHttpContext* pHttpContext, IHttpRequest* pRequest, IHttpResponse* pResponse)
    {
        const DWORD size = 256 * 1024;
        void* buffer = pHttpContext->AllocateRequestMemory(size);
        if (!buffer)
            return HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_MEMORY);
        while (pRequest->GetRemainingEntityBytes() > 0)
        {
            DWORD received = 0;
            BOOL pending = FALSE;
            HRESULT hr = pRequest->ReadEntityBody(buffer, size, FALSE, &received, &pending);
            if (hr == HRESULT_FROM_WIN32(ERROR_HANDLE_EOF))
                return S_OK;
            if (FAILED(hr))
                return hr;
            hr = writeBody(pResponse, buffer, received);
            if (FAILED(hr))
                return hr;
        }
        return S_OK;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CEcho>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
