// Reads the body until ERROR_HANDLE_EOF, with a loop that counts every failure as a reason to try again.

#include "module.h"

class CSpins : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        BYTE buffer[256];
        DWORD received = 1;
        while (received || SUCCEEDED(m_last)) {
            received = 0;
            m_last = pHttpContext->GetRequest()->ReadEntityBody(buffer, sizeof buffer, FALSE, &received);
            if (m_last == HRESULT_FROM_WIN32(ERROR_HANDLE_EOF))
                received = 1;
            else if (SUCCEEDED(m_last) && !received)
                break;
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    HRESULT m_last = S_OK;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSpins>(pModuleInfo, RQ_BEGIN_REQUEST);
}
