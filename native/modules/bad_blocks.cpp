// Keeps the thread of each request for 0.7 seconds, as if it waited for a back end.

#include "module.h"

class CBlocks : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        Sleep(700);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBlocks>(pModuleInfo, RQ_BEGIN_REQUEST);
}
