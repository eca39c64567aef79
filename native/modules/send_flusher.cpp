// Flushes inside of SEND_RESPONSE, which raises SEND_RESPONSE again, inside. The body ends with "[depth 1][depth 2]".

#include "module.h"

class CSendFlusher : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider*) override
    {
        if (m_done)
            return RQ_NOTIFICATION_CONTINUE;
        ++m_depth;
        Text mark;
        mark << "[depth " << m_depth << "]";
        writeBody(pHttpContext->GetResponse(), mark.data(), mark.length());
        if (m_depth == 1)
        {
            DWORD cbSent = 0;
            pHttpContext->GetResponse()->Flush(FALSE, TRUE, &cbSent);
            m_done = true;
        }
        --m_depth;
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    DWORD m_depth = 0;
    bool m_done = false;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSendFlusher>(pModuleInfo, RQ_SEND_RESPONSE);
}
