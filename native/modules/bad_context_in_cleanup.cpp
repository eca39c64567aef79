// Sets a stored context while the container of the request is cleaned up.

#include "module.h"

static HTTP_MODULE_ID g_moduleId;

class CKept : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override
    {
        if (m_pContainer) {
            CKept* pNext = new CKept;
            if (FAILED(m_pContainer->SetModuleContext(pNext, g_moduleId)))
                delete pNext;
        }
        delete this;
    }

    IHttpModuleContextContainer* m_pContainer = NULL;
};

class CContextInCleanup : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        CKept* pKept = new CKept;
        pKept->m_pContainer = pHttpContext->GetModuleContextContainer();
        pKept->m_pContainer->SetModuleContext(pKept, g_moduleId);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_moduleId = pModuleInfo->GetId();
    return registerModule<CContextInCleanup>(pModuleInfo, RQ_BEGIN_REQUEST);
}
