// Reads the request's body to look at it, and does not put it back for the handler behind.

#include "module.h"

class CTakesBody : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        BYTE buffer[4096];
        DWORD received = 0;
        while (SUCCEEDED(pHttpContext->GetRequest()->ReadEntityBody(buffer, sizeof buffer, FALSE, &received)) && received)
            m_total += received;
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    DWORD m_total = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CTakesBody>(pModuleInfo, RQ_BEGIN_REQUEST);
}
