// Leaves an event behind with each request.

#include "module.h"

class CLeaksHandles : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        CreateEventA(NULL, TRUE, FALSE, NULL);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLeaksHandles>(pModuleInfo, RQ_BEGIN_REQUEST);
}
