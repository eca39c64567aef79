// Writes as many megabytes as the query says, asynchronously, to a client that takes its time.
//
// "?8" waits for the completion; "?8c" cancels from a thread of its own meanwhile; "?8l" leaves without waiting. The
// debugger is told "pending 1, sent 0" when the call has returned, and "0x00000000 with N bytes" at the completion.

#include "own_thread.h"

class CAsyncSlow : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[16];
        queryString(pHttpContext, query);
        const DWORD size = static_cast<DWORD>(query[0] - '0') * 1024 * 1024;
        m_context = pHttpContext;
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.BufferLength = size;
        chunk.FromMemory.pBuffer = pHttpContext->AllocateRequestMemory(size);
        memset(chunk.FromMemory.pBuffer, 'x', size);
        pHttpContext->GetResponse()->Clear();
        pHttpContext->GetResponse()->DisableBuffering();
        if (query[1] == 'c')
            OwnThread<CAsyncSlow>::start(this);
        DWORD sent = 0;
        BOOL pending = FALSE;
        HRESULT hr = pHttpContext->GetResponse()->WriteEntityChunks(&chunk, 1, TRUE, TRUE, &sent, &pending);
        Text text;
        text << "pending " << pending << ", sent " << sent;
        OutputDebugStringA(text.data());
        return SUCCEEDED(hr) && pending && query[1] != 'l' ? RQ_NOTIFICATION_PENDING : RQ_NOTIFICATION_FINISH_REQUEST;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        Text text;
        text << Hex{static_cast<DWORD>(pCompletionInfo->GetCompletionStatus())} << " with "
             << pCompletionInfo->GetCompletionBytes() << " bytes";
        OutputDebugStringA(text.data());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    void work()
    {
        Sleep(100);
        m_context->CancelIo();
    }

private:
    IHttpContext* m_context = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncSlow>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
