// Creates a context to warm the application up and does not execute it.

#include "module.h"

class CCreatedContext : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationPreload(IGlobalApplicationPreloadProvider* pProvider) override
    {
        IHttpContext* pHttpContext = NULL;
        pProvider->CreateContext(&pHttpContext);
        return GL_NOTIFICATION_CONTINUE;
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetGlobalNotifications(new CCreatedContext, GL_APPLICATION_PRELOAD);
}
