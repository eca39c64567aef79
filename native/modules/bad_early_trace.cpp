// Traces from RegisterModule, when the tracing of the process is not ready.

#include "module.h"

class CEarlyTrace : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    pGlobalInfo->GetTraceContext()->QuickTrace(L"bad_early_trace", L"registering");
    return registerModule<CEarlyTrace>(pModuleInfo, RQ_BEGIN_REQUEST);
}
