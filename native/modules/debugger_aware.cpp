// Tells in the body whether it sees a debugger: "IsDebuggerPresent 0|1". Protected modules refuse to work under one.

#include "module.h"

class CDebuggerAware : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "IsDebuggerPresent " << IsDebuggerPresent();
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CDebuggerAware>(pModuleInfo, RQ_BEGIN_REQUEST);
}
