// Starts to read the request body and calls CancelIo at once; reads the body after all when the read has been aborted.
// ?later takes what the client has sent first, and calls it 50 ms later, from a thread of its own: the read waits by then.
//
// The response says "cancel 0x…, completion 0x… with N bytes, then N bytes, checksum 0x…".

#include "checksum.h"
#include "own_thread.h"

class CAsyncCancel : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        DWORD received = 0;
        BOOL fPending = FALSE;
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        char when[16];
        bool isLater = strcmp(queryString(pHttpContext, when), "later") == 0;
        m_context = pHttpContext;
        if (isLater && SUCCEEDED(pRequest->ReadEntityBody(m_buffer, sizeof m_buffer, FALSE, &received)))
            m_checksum.add(m_buffer, received);
        HRESULT hr = pRequest->ReadEntityBody(m_buffer, sizeof m_buffer, TRUE, &received, &fPending);
        if (isLater)
            OwnThread<CAsyncCancel>::start(this);
        else
            m_cancelled = pHttpContext->CancelIo();
        if (SUCCEEDED(hr) && fPending)
            return RQ_NOTIFICATION_PENDING;
        m_checksum.add(m_buffer, received);
        return answer(pHttpContext, hr, received);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        return answer(pHttpContext, pCompletionInfo->GetCompletionStatus(), pCompletionInfo->GetCompletionBytes());
    }

    void work()
    {
        Sleep(50);
        m_context->CancelIo();
    }

private:
    REQUEST_NOTIFICATION_STATUS answer(IHttpContext* pHttpContext, HRESULT status, DWORD bytes)
    {
        DWORD received = 0;
        while (SUCCEEDED(pHttpContext->GetRequest()->ReadEntityBody(m_buffer, sizeof m_buffer, FALSE, &received, NULL)))
            m_checksum.add(m_buffer, received);
        Text text;
        text << "cancel " << Hex{static_cast<DWORD>(m_cancelled)} << ", completion " << Hex{static_cast<DWORD>(status)}
             << " with " << bytes << " bytes, then ";
        m_checksum.writeTo(text);
        return reply(pHttpContext, text);
    }

    IHttpContext* m_context = NULL;
    Checksum m_checksum;
    HRESULT m_cancelled = S_OK;
    BYTE m_buffer[4096];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncCancel>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
