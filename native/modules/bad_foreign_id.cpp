// Asks for a stored context with a module id that it made up.

#include "module.h"

class CForeignId : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->GetModuleContextContainer()->GetModuleContext(reinterpret_cast<HTTP_MODULE_ID>(4711));
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CForeignId>(pModuleInfo, RQ_BEGIN_REQUEST);
}
