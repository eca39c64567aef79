// Reads the request body asynchronously: in a loop as long as reads complete inline, with PENDING where one does not.
//
// The response says "N bytes, checksum 0x…, end 0x…"; X-Reads says how many reads were inline and how many pending.

#include "checksum.h"

class CAsyncRead : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        return read(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        ++m_pending;
        if (FAILED(pCompletionInfo->GetCompletionStatus()))
            return answer(pHttpContext, pCompletionInfo->GetCompletionStatus());
        m_checksum.add(m_buffer, pCompletionInfo->GetCompletionBytes());
        return read(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS read(IHttpContext* pHttpContext)
    {
        for (;;)
        {
            DWORD received = 0;
            BOOL fPending = FALSE;
            HRESULT hr = pHttpContext->GetRequest()->ReadEntityBody(m_buffer, sizeof m_buffer, TRUE, &received, &fPending);
            if (FAILED(hr))
                return answer(pHttpContext, hr);
            if (fPending)
                return RQ_NOTIFICATION_PENDING;
            ++m_inline;
            m_checksum.add(m_buffer, received);
        }
    }

    REQUEST_NOTIFICATION_STATUS answer(IHttpContext* pHttpContext, HRESULT end)
    {
        Text body, reads;
        m_checksum.writeTo(body);
        body << ", end " << Hex{static_cast<DWORD>(end)};
        reads << m_inline << " inline, " << m_pending << " pending";
        REQUEST_NOTIFICATION_STATUS status = reply(pHttpContext, body);
        pHttpContext->GetResponse()->SetHeader("X-Reads", reads.data(), reads.length(), TRUE);
        return status;
    }

    Checksum m_checksum;
    DWORD m_inline = 0;
    DWORD m_pending = 0;
    BYTE m_buffer[4096];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncRead>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
