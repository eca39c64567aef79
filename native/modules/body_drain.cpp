// Reads the request body to its end, 256 KiB a read at most, and says what it saw: what was preloaded, whether more was
// announced, the first remaining count, reads, megabytes and bytes, a checksum, the last HRESULT, the last remaining.

#include "module.h"

class CBodyDrain : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        const HTTP_REQUEST* raw = pRequest->GetRawHttpRequest();
        Text text;
        DWORD preloaded = 0;
        for (USHORT i = 0; i < raw->EntityChunkCount; ++i)
            preloaded += raw->pEntityChunks[i].FromMemory.BufferLength;
        text << "preloaded " << preloaded << "\nmore " << (raw->Flags & HTTP_REQUEST_FLAG_MORE_ENTITY_BODY_EXISTS)
             << "\nbefore " << pRequest->GetRemainingEntityBytes() << "\n";

        const DWORD size = 256 * 1024;
        BYTE* buffer = static_cast<BYTE*>(pHttpContext->AllocateRequestMemory(size));
        DWORD reads = 0, total = 0, megabytes = 0, checksum = 0;
        HRESULT hr = buffer ? S_OK : E_FAIL;
        while (SUCCEEDED(hr))
        {
            DWORD received = 0;
            hr = pRequest->ReadEntityBody(buffer, size, FALSE, &received, NULL);
            for (DWORD i = 0; SUCCEEDED(hr) && i < received; ++i)
                checksum = checksum * 31 + buffer[i];
            total += received;
            megabytes += total >> 20;
            total &= 0xFFFFF;
            reads += SUCCEEDED(hr);
        }
        text << "reads " << reads << "\nmegabytes " << megabytes << "\nbytes " << total << "\nchecksum " << Hex{checksum}
             << "\nend " << Hex{static_cast<DWORD>(hr)} << "\nafter " << pRequest->GetRemainingEntityBytes() << "\n";
        OutputDebugStringA(text.data());
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBodyDrain>(pModuleInfo, RQ_BEGIN_REQUEST);
}
