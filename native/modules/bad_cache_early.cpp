// Looks into the cache in GL_APPLICATION_RESOLVE_MODULES.

#include "module.h"

static IHttpServer* g_pServer;

class CKey : public IHttpCacheKey
{
public:
    DWORD GetHash() const override { return 1; }
    PCWSTR GetCacheName() const override { return L"BAD"; }
    bool GetIsEqual(IHttpCacheKey*) const override { return false; }
    bool GetIsPrefix(IHttpCacheKey*) const override { return false; }
    void Enum(IHttpCacheSpecificData*) override {}
};

class CCacheEarly : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationResolveModules(IHttpApplicationResolveModulesProvider*) override
    {
        CKey key;
        IHttpCacheSpecificData* pData = NULL;
        g_pServer->DoCacheOperation(CACHE_OPERATION_RETRIEVE, &key, &pData);
        return GL_NOTIFICATION_CONTINUE;
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    return pModuleInfo->SetGlobalNotifications(new CCacheEarly, GL_APPLICATION_RESOLVE_MODULES);
}
