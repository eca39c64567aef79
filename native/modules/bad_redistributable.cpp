// Needs the Visual C++ 2012 redistributable.

#include "module.h"

extern "C" int _set_FMA3_enable(int);

class CRedistributable : public CHttpModule
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
        _set_FMA3_enable(0);
    return registerModule<CRedistributable>(pModuleInfo, RQ_BEGIN_REQUEST);
}
