// Watches a folder and never dereferences the monitor.

#include "module.h"

class CMonitor : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    IHttpFileMonitor* pMonitor = NULL;
    pGlobalInfo->RegisterFileChangeMonitor(L"C:\\windows", NULL, &pMonitor);
    return registerModule<CMonitor>(pModuleInfo, RQ_BEGIN_REQUEST);
}
