// Calls what raises global notifications, the one that the query string names, and answers "done":
// config, file, health, recycle, application, custom, trace, quick, cache, monitor.

#include "module.h"
#include <iismod/httptrace.h>

static IHttpServer* g_pServer;
static HTTP_MODULE_ID g_id;

static const GUID c_provider = {0x7C6BB150, 0x0310, 0x4718, {0xA0, 0x1F, 0x6F, 0xAC, 0xEB, 0x62, 0xDC, 0x1D}};

class CCustom : public ICustomNotificationProvider
{
public:
    void SetErrorStatus(HRESULT) override {}
    PCWSTR QueryNotificationType() override { return L"iismod.custom"; }
};

class CKey : public IHttpCacheKey
{
public:
    DWORD GetHash() const override { return 7; }
    PCWSTR GetCacheName() const override { return L"CALLS"; }
    bool GetIsEqual(IHttpCacheKey*) const override { return false; }
    bool GetIsPrefix(IHttpCacheKey*) const override { return false; }
    void Enum(IHttpCacheSpecificData*) override {}
};

static void subscribe()
{
    HTTP_TRACE_CONFIGURATION configuration = {&c_provider, 1, 5, TRUE};
    g_pServer->GetTraceContext()->SetTraceConfiguration(g_id, &configuration);
}

static void raiseEvent(IHttpTraceContext* pTrace)
{
    HTTP_TRACE_EVENT event = {};
    event.pProviderGuid = &c_provider;
    event.pAreaGuid = &c_provider;
    event.pszEventName = L"CALLED";
    event.dwVerbosity = 4;
    pTrace->RaiseTraceEvent(&event);
}

static void call(IHttpContext* pHttpContext, PCSTR what)
{
    if (strcmp(what, "config") == 0)
        g_pServer->NotifyConfigurationChange(L"MACHINE/WEBROOT");
    else if (strcmp(what, "file") == 0)
        g_pServer->NotifyFileChange(L"C:\\windows\\calls.txt");
    else if (strcmp(what, "health") == 0)
        g_pServer->ReportUnhealthy(L"tired", E_FAIL);
    else if (strcmp(what, "recycle") == 0)
        g_pServer->RecycleProcess(L"asked");
    else if (strcmp(what, "application") == 0)
        g_pServer->RecycleApplication(pHttpContext->GetApplication()->GetAppConfigPath());
    else if (strcmp(what, "custom") == 0)
    {
        CCustom custom;
        g_pServer->NotifyCustomNotification(&custom);
    }
    else if (strcmp(what, "trace") == 0)
    {
        subscribe();
        raiseEvent(pHttpContext->GetTraceContext());
        raiseEvent(g_pServer->GetTraceContext());
    }
    else if (strcmp(what, "quick") == 0)
    {
        subscribe();
        pHttpContext->GetTraceContext()->QuickTrace(L"calls");
    }
    else if (strcmp(what, "cache") == 0)
    {
        CKey key;
        IHttpCacheSpecificData* pData = NULL;
        g_pServer->DoCacheOperation(CACHE_OPERATION_RETRIEVE, &key, &pData);
    }
    else if (strcmp(what, "monitor") == 0)
    {
        IHttpFileMonitor* pMonitor = NULL;
        if (SUCCEEDED(g_pServer->RegisterFileChangeMonitor(L"C:\\windows", NULL, &pMonitor)))
        {
            g_pServer->NotifyFileChange(L"C:\\windows\\calls.txt");
            pMonitor->DereferenceFileMonitor();
        }
    }
}

class CCalls : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[256];
        queryString(pHttpContext, query);
        call(pHttpContext, query);
        Text text;
        text << "done";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    g_id = pModuleInfo->GetId();
    return registerModule<CCalls>(pModuleInfo, RQ_BEGIN_REQUEST);
}
