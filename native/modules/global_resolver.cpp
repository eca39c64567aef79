// Has no factory of its own: its CGlobalModule registers one while the application's modules are resolved, as
// ManagedEngine does for managed modules. The registered module answers every request with "resolved".
//
// Its factory writes "global_resolver: factory Terminate" to OutputDebugString when the application stops.

#include "module.h"

static HTTP_MODULE_ID g_id;

class CResolved : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "resolved";
        return reply(pHttpContext, text);
    }
};

class CResolvedFactory : public ModuleFactory<CResolved>
{
public:
    void Terminate() override
    {
        OutputDebugStringA("global_resolver: factory Terminate\n");
        delete this;
    }
};

class CGlobalResolver : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS
    OnGlobalApplicationResolveModules(IHttpApplicationResolveModulesProvider* pProvider) override
    {
        IHttpModuleFactory* pFactory = new CResolvedFactory;
        HRESULT hr = pProvider->RegisterModule(g_id, pFactory, L"Resolved", L"Native.Resolved", L"bitness64",
                                               RQ_BEGIN_REQUEST, 0);
        if (FAILED(hr))
            pFactory->Terminate();
        else
            pProvider->SetPriorityForRequestNotification(L"Resolved", RQ_BEGIN_REQUEST, L"FIRST");
        return GL_NOTIFICATION_HANDLED;
    }

    void Terminate() override
    {
        OutputDebugStringA("global_resolver: global Terminate\n");
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_id = pModuleInfo->GetId();
    return pModuleInfo->SetGlobalNotifications(new CGlobalResolver, GL_APPLICATION_RESOLVE_MODULES);
}
