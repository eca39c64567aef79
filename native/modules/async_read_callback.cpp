// Reads the request body with IHttpRequest3::ReadEntityBody, whose completions go to a routine of the module's.
//
// OnAsyncCompletion is not overridden: it would break into the debugger. The response says "N bytes, checksum 0x…,
// operations O", O being 1 as long as every completed operation was a read.

#include "checksum.h"

class CAsyncReadCallback : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        return read(pHttpContext);
    }

private:
    static REQUEST_NOTIFICATION_STATUS WINAPI done(IHttpContext3* pHttpContext, IHttpCompletionInfo2* pCompletionInfo,
                                                   void* pvCompletionContext)
    {
        CAsyncReadCallback* self = static_cast<CAsyncReadCallback*>(pvCompletionContext);
        self->m_operations |= pCompletionInfo->GetCompletedOperation();
        if (FAILED(pCompletionInfo->GetCompletionStatus()))
            return self->answer(pHttpContext);
        self->m_checksum.add(self->m_buffer, pCompletionInfo->GetCompletionBytes());
        return self->read(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS read(IHttpContext* pHttpContext)
    {
        IHttpRequest3* pRequest = static_cast<IHttpRequest3*>(pHttpContext->GetRequest());
        for (;;)
        {
            DWORD received = 0;
            BOOL fPending = FALSE;
            HRESULT hr = pRequest->ReadEntityBody(m_buffer, sizeof m_buffer, TRUE, done, this, &received, &fPending);
            if (FAILED(hr))
                return answer(pHttpContext);
            if (fPending)
                return RQ_NOTIFICATION_PENDING;
            m_checksum.add(m_buffer, received);
        }
    }

    REQUEST_NOTIFICATION_STATUS answer(IHttpContext* pHttpContext)
    {
        Text body;
        m_checksum.writeTo(body);
        body << ", operations " << m_operations;
        return reply(pHttpContext, body);
    }

    Checksum m_checksum;
    DWORD m_operations = 0;
    BYTE m_buffer[4096];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncReadCallback>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
