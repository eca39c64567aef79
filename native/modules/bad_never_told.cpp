// Registers the post event of SEND_RESPONSE, which has none.

#include "module.h"

class CNeverTold : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CNeverTold>(pModuleInfo, RQ_BEGIN_REQUEST, RQ_SEND_RESPONSE);
}
