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
        const HTTP_REQUEST* raw = pRequest->GetRawHttpRequest();

        Text text;
        text << pRequest->GetHttpMethod() << " ";
        text.append(raw->pRawUrl, raw->RawUrlLength) << "\n";
        for (size_t i = 0; i < sizeof g_known / sizeof *g_known; ++i)
            if (raw->Headers.KnownHeaders[i].RawValueLength)
                line(text, g_known[i], strlen(g_known[i]), raw->Headers.KnownHeaders[i].pRawValue,
                     raw->Headers.KnownHeaders[i].RawValueLength);
        for (USHORT i = 0; i < raw->Headers.UnknownHeaderCount; ++i)
        {
            const HTTP_UNKNOWN_HEADER& header = raw->Headers.pUnknownHeaders[i];
            line(text, header.pName, header.NameLength, header.pRawValue, header.RawValueLength);
        }
        text << "\n";

        pResponse->Clear();
        pResponse->SetHeader(HttpHeaderContentType, "application/octet-stream", 24, TRUE);
        HRESULT hr = writeBody(pResponse, text.data(), text.length());
        if (SUCCEEDED(hr))
            hr = copyBody(pHttpContext, pRequest, pResponse);
        if (FAILED(hr))
            pResponse->SetStatus(500, "Server Error", 0, hr);
        pHttpContext->SetRequestHandled();
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static void line(Text& text, PCSTR name, size_t nameLength, PCSTR value, size_t valueLength)
    {
        text.append(name, nameLength) << ": ";
        text.append(value, valueLength) << "\n";
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
