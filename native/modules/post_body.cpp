// Reads the request body in small pieces at BEGIN_REQUEST, puts it back, and reads it again as the handler.
//
// The body of the response says what each phase saw: number of reads, bytes, a checksum (FNV-1a), how the end looked.

#include "module.h"

class CPostBody : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        text_ << "remaining " << pRequest->GetRemainingEntityBytes() << "\n";

        const DWORD capacity = 4 * 1024 * 1024;
        BYTE* kept = static_cast<BYTE*>(pHttpContext->AllocateRequestMemory(capacity));
        if (!kept)
            return RQ_NOTIFICATION_CONTINUE;
        DWORD size = readAll(pRequest, "begin", kept, capacity, 1000);
        if (size)
            text_ << "insert " << Hex{static_cast<DWORD>(pRequest->InsertEntityBody(kept, size))} << "\n";
        text_ << "remaining " << pRequest->GetRemainingEntityBytes() << "\n";
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        BYTE buffer[8192];
        readAll(pHttpContext->GetRequest(), "handler", buffer, 0, sizeof buffer);
        text_ << "remaining " << pHttpContext->GetRequest()->GetRemainingEntityBytes() << "\n";
        reply(pHttpContext, text_);
        pHttpContext->SetRequestHandled();
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    // Reads to the end in pieces of at most `piece` bytes: one after the other into `buffer` if it has a `capacity`,
    // else all to its start. Returns the number of bytes.
    DWORD readAll(IHttpRequest* pRequest, PCSTR phase, BYTE* buffer, DWORD capacity, DWORD piece)
    {
        DWORD total = 0;
        DWORD reads = 0;
        DWORD checksum = 2166136261;
        HRESULT hr;
        for (;;)
        {
            BYTE* target = capacity ? buffer + total : buffer;
            DWORD room = capacity && capacity - total < piece ? capacity - total : piece;
            DWORD received = 0;
            hr = pRequest->ReadEntityBody(target, room, FALSE, &received, NULL);
            if (FAILED(hr) || received == 0)
                break;
            for (DWORD i = 0; i < received; ++i)
                checksum = (checksum ^ target[i]) * 16777619;
            total += received;
            ++reads;
        }
        text_ << phase << " reads " << reads << " bytes " << total << " checksum " << Hex{checksum} << " end "
              << Hex{static_cast<DWORD>(hr)} << "\n";
        return total;
    }

    Text text_;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CPostBody>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_EXECUTE_REQUEST_HANDLER);
}
