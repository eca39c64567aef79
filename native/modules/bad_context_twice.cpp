// Sets a stored context of the request in each of two notifications, without asking for the first.

#include "module.h"

static HTTP_MODULE_ID g_moduleId;

class CKept : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override { delete this; }
};

class CContextTwice : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        keep(pHttpContext);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnAuthorizeRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        keep(pHttpContext);
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static void keep(IHttpContext* pHttpContext)
    {
        CKept* pKept = new CKept;
        if (FAILED(pHttpContext->GetModuleContextContainer()->SetModuleContext(pKept, g_moduleId)))
            delete pKept;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_moduleId = pModuleInfo->GetId();
    return registerModule<CContextTwice>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_AUTHORIZE_REQUEST);
}
