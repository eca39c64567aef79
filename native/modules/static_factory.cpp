// Hands over objects that are built before RegisterModule is called: the factory and the module are static, and their
// constructors run when the DLL is loaded. One module object serves all requests.

#include "module.h"

class CStaticModule : public CHttpModule
{
public:
    CStaticModule() : m_loaded(GetTickCount64()) {}

    REQUEST_NOTIFICATION_STATUS OnAcquireRequestState(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (m_loaded)
            pHttpContext->GetResponse()->SetHeader("X-Static", "1", 1, TRUE);
        return RQ_NOTIFICATION_CONTINUE;
    }

    void Dispose() override {} // it is not on the heap

private:
    ULONGLONG m_loaded;
};

static CStaticModule g_module;

class CStaticFactory : public IHttpModuleFactory
{
public:
    CStaticFactory() : m_created(GetTickCount64()) {}

    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        ++m_created;
        *ppModule = &g_module;
        return S_OK;
    }

    void Terminate() override {}

private:
    ULONGLONG m_created;
};

static CStaticFactory g_factory;

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetRequestNotifications(&g_factory, RQ_ACQUIRE_REQUEST_STATE, 0);
}
