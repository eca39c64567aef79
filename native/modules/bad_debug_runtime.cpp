// Needs the debug C run-time, which only computers with Visual Studio have.

#include "module.h"

extern "C" int _CrtSetReportMode(int);

class CDebugRuntime : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD dwServerVersion, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    if (dwServerVersion == 0)  // never: only the import counts
        _CrtSetReportMode(0);
    return registerModule<CDebugRuntime>(pModuleInfo, RQ_BEGIN_REQUEST);
}
