// Dispenses a context container and never releases it.

#include "module.h"

class CContainer : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    pGlobalInfo->DispenseContainer();
    return registerModule<CContainer>(pModuleInfo, RQ_BEGIN_REQUEST);
}
