// Keeps the registration object and sets a priority from a request, when RegisterModule has long returned.

#include "module.h"

static IHttpModuleRegistrationInfo* g_pModuleInfo;

class CLateRegistration : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        g_pModuleInfo->SetPriorityForRequestNotification(RQ_BEGIN_REQUEST, PRIORITY_ALIAS_LOW);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_pModuleInfo = pModuleInfo;
    return registerModule<CLateRegistration>(pModuleInfo, RQ_BEGIN_REQUEST);
}
