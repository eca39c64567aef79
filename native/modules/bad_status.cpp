// OnBeginRequest returns 77, which is no REQUEST_NOTIFICATION_STATUS.

#include "module.h"

class CBadStatus : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return static_cast<REQUEST_NOTIFICATION_STATUS>(77);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadStatus>(pModuleInfo, RQ_BEGIN_REQUEST);
}
