// Gives the host a header value at address 0x10: the fault is in the host's code, the blame lies here.

#include "module.h"

class CBadPointer : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        volatile UINT_PTR address = 0x10;
        pHttpContext->GetResponse()->SetHeader("X-Session", reinterpret_cast<PCSTR>(address), 32, TRUE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadPointer>(pModuleInfo, RQ_BEGIN_REQUEST);
}
