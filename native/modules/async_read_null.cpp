// Reads the request body asynchronously with NULL for both out pointers: then every read has a completion.
//
// The response says "N bytes, checksum 0x…, end 0x…"; X-Reads says how many completions there were.

#include "checksum.h"

class CAsyncReadNull : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        return read(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        ++m_completions;
        if (FAILED(pCompletionInfo->GetCompletionStatus()))
            return answer(pHttpContext, pCompletionInfo->GetCompletionStatus());
        m_checksum.add(m_buffer, pCompletionInfo->GetCompletionBytes());
        return read(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS read(IHttpContext* pHttpContext)
    {
        HRESULT hr = pHttpContext->GetRequest()->ReadEntityBody(m_buffer, sizeof m_buffer, TRUE, NULL, NULL);
        return FAILED(hr) ? answer(pHttpContext, hr) : RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS answer(IHttpContext* pHttpContext, HRESULT end)
    {
        Text body, reads;
        m_checksum.writeTo(body);
        body << ", end " << Hex{static_cast<DWORD>(end)};
        reads << m_completions << " completions";
        REQUEST_NOTIFICATION_STATUS status = reply(pHttpContext, body);
        pHttpContext->GetResponse()->SetHeader("X-Reads", reads.data(), reads.length(), TRUE);
        return status;
    }

    Checksum m_checksum;
    DWORD m_completions = 0;
    BYTE m_buffer[4096];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncReadNull>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
