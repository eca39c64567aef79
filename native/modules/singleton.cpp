// One CHttpModule for all requests: GetHttpModule returns it each time, Dispose does nothing, Terminate deletes it.
//
// The body is the number of the request: "1", "2", …

#include "module.h"

class CSingleton : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << __atomic_add_fetch(&m_requests, 1, __ATOMIC_RELAXED);
        return reply(pHttpContext, text);
    }

    void Dispose() override {}
    void destroy() { delete this; }

private:
    DWORD m_requests = 0;
};

class CSingletonFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        *ppModule = m_module;
        return S_OK;
    }

    void Terminate() override
    {
        m_module->destroy();
        delete this;
    }

private:
    CSingleton* m_module = new CSingleton;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetRequestNotifications(new CSingletonFactory, RQ_BEGIN_REQUEST, 0);
}
