// Answers with as many megabytes as the query says: 256 KiB a write, byte k of the body is k / 4096 modulo 251.
//
// "?100" buffers, as modules do that think of nothing; "?100u" disables buffering. The memory of a write is changed
// right after it. It stops at the first write that fails and says so in the debugger: "stopped: 0x800704CD".

#include "module.h"

class CBodyPour : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[32];
        queryString(pHttpContext, query);
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetHeader(HttpHeaderContentType, "application/octet-stream", 24, TRUE);
        if (query[0] && query[strlen(query) - 1] == 'u')
            pResponse->DisableBuffering();
        BYTE* piece = static_cast<BYTE*>(pHttpContext->AllocateRequestMemory(PIECE));
        const DWORD pieces = number(query) * (1024 * 1024 / PIECE);
        DWORD block = 0;
        HRESULT hr = piece ? S_OK : E_FAIL;
        for (DWORD i = 0; SUCCEEDED(hr) && i < pieces; ++i)
        {
            for (DWORD at = 0; at < PIECE; at += 4096, block = (block + 1) % 251)
                memset(piece + at, static_cast<int>(block), 4096);
            hr = writeBody(pResponse, piece, PIECE);
        }
        if (FAILED(hr))
        {
            Text text;
            text << "stopped: " << Hex{static_cast<DWORD>(hr)};
            OutputDebugStringA(text.data());
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static const DWORD PIECE = 256 * 1024;

    static DWORD number(PCSTR digits)
    {
        DWORD value = 0;
        for (; *digits >= '0' && *digits <= '9'; ++digits)
            value = value * 10 + (*digits - '0');
        return value;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBodyPour>(pModuleInfo, RQ_BEGIN_REQUEST);
}
