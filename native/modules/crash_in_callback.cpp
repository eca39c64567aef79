// Writes to address 0 when the host ends the request's stored context (CleanupStoredContext), not in a notification.

#include "module.h"

static HTTP_MODULE_ID g_id;

class CStored : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override
    {
        volatile int* volatile nowhere = nullptr;
        *nowhere = 42;
    }
};

class CStoresContext : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->GetModuleContextContainer()->SetModuleContext(new CStored, g_id);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_id = pModuleInfo->GetId();
    return registerModule<CStoresContext>(pModuleInfo, RQ_BEGIN_REQUEST);
}
