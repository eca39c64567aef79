// Registers a factory twice: the second call must fail with ERROR_ALREADY_EXISTS, which the body reports.

#include "module.h"

static HRESULT g_hrSecond;

class CDouble : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "second " << Hex{static_cast<DWORD>(g_hrSecond)};
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = registerModule<CDouble>(pModuleInfo, RQ_BEGIN_REQUEST);
    ModuleFactory<CDouble>* pSecond = new ModuleFactory<CDouble>;
    g_hrSecond = pModuleInfo->SetRequestNotifications(pSecond, RQ_END_REQUEST, 0);
    if (FAILED(g_hrSecond))
        pSecond->Terminate();
    return hr;
}
