// Frees a stored context that IIS still holds.

#include "module.h"

static HTTP_MODULE_ID g_moduleId;

class CKept : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override { delete this; }
};

class CContextFreed : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        m_pKept = new CKept;
        pHttpContext->GetModuleContextContainer()->SetModuleContext(m_pKept, g_moduleId);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext*, IHttpEventProvider*) override
    {
        delete m_pKept;
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    CKept* m_pKept = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_moduleId = pModuleInfo->GetId();
    return registerModule<CContextFreed>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_END_REQUEST);
}
