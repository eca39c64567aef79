// Registers a global module and request notifications; the two share a counter of application starts.
//
// The body is "starts N". Terminate of the global module comes before that of the factory (OutputDebugString says so).

#include "module.h"

static LONG g_starts;

class CBothGlobal : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider*) override
    {
        __atomic_add_fetch(&g_starts, 1, __ATOMIC_RELAXED);
        return GL_NOTIFICATION_CONTINUE;
    }

    void Terminate() override
    {
        OutputDebugStringA("both: global Terminate\n");
        delete this;
    }
};

class CBoth : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "starts " << static_cast<DWORD>(g_starts);
        return reply(pHttpContext, text);
    }
};

class CBothFactory : public ModuleFactory<CBoth>
{
public:
    void Terminate() override
    {
        OutputDebugStringA("both: factory Terminate\n");
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = pModuleInfo->SetGlobalNotifications(new CBothGlobal, GL_APPLICATION_START);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetRequestNotifications(new CBothFactory, RQ_BEGIN_REQUEST, 0);
    return hr;
}
