// Sets a priority for a notification that it does not register.

#include "module.h"

class CPriority : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    pModuleInfo->SetPriorityForRequestNotification(RQ_LOG_REQUEST, PRIORITY_ALIAS_HIGH);
    return registerModule<CPriority>(pModuleInfo, RQ_BEGIN_REQUEST);
}
