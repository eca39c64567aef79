// Registers a CGlobalModule for every global notification and writes a line to OutputDebugString for each: what it was
// given, and at the end Terminate and DLL_PROCESS_DETACH. It warms "/warm" up, answers the RSCA function "Echo" with its
// parameters, and leaves a callback when the process is suspended.

#include "module.h"
#include <iismod/httptrace.h>

static HTTP_MODULE_ID g_id;

static GLOBAL_NOTIFICATION_STATUS say(const Text& what)
{
    Text line;
    line << "global_all: " << what.data() << "\n";
    OutputDebugStringA(line.data());
    return GL_NOTIFICATION_CONTINUE;
}

static GLOBAL_NOTIFICATION_STATUS say(PCSTR what)
{
    Text text;
    text << what;
    return say(text);
}

static GLOBAL_NOTIFICATION_STATUS say(PCSTR what, PCWSTR subject)
{
    Text text;
    text << what << " " << subject;
    return say(text);
}

class CCallback : public IGlobalSuspendProcessCallback
{
public:
    void SetErrorStatus(HRESULT) override {}

    HRESULT Resume() override
    {
        say("Resume");
        return S_OK;
    }
};

static CCallback g_callback;

class CGlobalAll : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalStopListening(IGlobalStopListeningProvider* pProvider) override
    {
        return say("StopListening", pProvider->DrainRequestsGracefully() ? L"gracefully" : L"at once");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalCacheCleanup() override { return say("CacheCleanup"); }

    GLOBAL_NOTIFICATION_STATUS OnGlobalCacheOperation(ICacheProvider* pProvider) override
    {
        Text text;
        text << "CacheOperation " << static_cast<int>(pProvider->GetCacheOperation()) << " of "
             << pProvider->GetCacheKey()->GetCacheName() << (pProvider->GetCacheRecord() ? ", record" : "");
        return say(text);
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalHealthCheck() override { return say("HealthCheck"); }

    GLOBAL_NOTIFICATION_STATUS OnGlobalConfigurationChange(IGlobalConfigurationChangeProvider* pProvider) override
    {
        return say("ConfigurationChange", pProvider->GetChangePath());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalFileChange(IGlobalFileChangeProvider* pProvider) override
    {
        Text text;
        text << "FileChange " << pProvider->GetFileName() << (pProvider->GetFileMonitor() ? ", watched" : "");
        return say(text);
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalPreBeginRequest(IPreBeginRequestProvider* pProvider) override
    {
        IHttpContext* pHttpContext = pProvider->GetHttpContext();
        Text text;
        text << "PreBeginRequest " << pHttpContext->GetRequest()->GetHttpMethod()
             << (pHttpContext->GetConnection() ? "" : " without connection");
        return say(text);
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider* pProvider) override
    {
        return say("ApplicationStart", pProvider->GetApplication()->GetApplicationId());
    }

    GLOBAL_NOTIFICATION_STATUS
    OnGlobalApplicationResolveModules(IHttpApplicationResolveModulesProvider* pProvider) override
    {
        return say("ApplicationResolveModules", pProvider->GetApplication()->GetAppConfigPath());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStop(IHttpApplicationStopProvider* pProvider) override
    {
        return say("ApplicationStop", pProvider->GetApplication()->GetApplicationId());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalRSCAQuery(IGlobalRSCAQueryProvider* pProvider) override
    {
        Text function, answer;
        function << pProvider->GetFunctionName();
        say("RSCAQuery", pProvider->GetFunctionName());
        if (strcmp(function.data(), "Echo") != 0)
            return GL_NOTIFICATION_CONTINUE;
        answer << pProvider->GetFunctionParameters();
        BYTE* pBuffer = NULL;
        HRESULT hr = pProvider->GetOutputBuffer(1, &pBuffer);
        if (SUCCEEDED(hr))
            hr = pProvider->ResizeOutputBuffer(answer.length() + 1, 1, &pBuffer);
        if (SUCCEEDED(hr))
            memcpy(pBuffer, answer.data(), answer.length());
        pProvider->SetResult(SUCCEEDED(hr) ? answer.length() : 0, hr);
        return GL_NOTIFICATION_HANDLED;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalTraceEvent(IGlobalTraceEventProvider* pProvider) override
    {
        HTTP_TRACE_EVENT* pEvent = NULL;
        IHttpContext* pHttpContext = NULL;
        pProvider->GetTraceEvent(&pEvent);
        HRESULT hr = pProvider->GetCurrentHttpRequestContext(&pHttpContext);
        Text text;
        text << "TraceEvent " << pEvent->pszEventName << (pProvider->CheckSubscription(g_id) ? ", subscribed" : "")
             << (SUCCEEDED(hr) && pHttpContext ? ", of a request" : "");
        return say(text);
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalCustomNotification(ICustomNotificationProvider* pProvider) override
    {
        return say("CustomNotification", pProvider->QueryNotificationType());
    }

    void Terminate() override
    {
        say("Terminate");
        delete this;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalThreadCleanup(IGlobalThreadCleanupProvider* pProvider) override
    {
        return say("ThreadCleanup", pProvider->GetApplication()->GetApplicationId());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationPreload(IGlobalApplicationPreloadProvider* pProvider) override
    {
        const bool recycled = static_cast<IGlobalApplicationPreloadProvider2*>(pProvider)->IsProcessRecycled();
        say("ApplicationPreload", recycled ? L"recycled" : L"new");
        IHttpContext* pHttpContext = NULL;
        HRESULT hr = pProvider->CreateContext(&pHttpContext);
        if (SUCCEEDED(hr))
            hr = pHttpContext->GetRequest()->SetUrl("/warm", 5, TRUE);
        if (SUCCEEDED(hr))
            hr = pProvider->ExecuteRequest(pHttpContext, NULL);
        return SUCCEEDED(hr) ? GL_NOTIFICATION_CONTINUE : say("the preload failed");
    }

    GLOBAL_NOTIFICATION_STATUS OnSuspendProcess(IGlobalSuspendProcessCallback** pCallback) override
    {
        *pCallback = &g_callback;
        return say("SuspendProcess");
    }
};

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void* reserved)
{
    if (reason == DLL_PROCESS_DETACH)
        OutputDebugStringA(reserved ? "global_all: detached at exit\n" : "global_all: detached\n");
    return TRUE;
}

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    const DWORD every = GL_STOP_LISTENING | GL_CACHE_CLEANUP | GL_CACHE_OPERATION | GL_HEALTH_CHECK |
                        GL_CONFIGURATION_CHANGE | GL_FILE_CHANGE | GL_PRE_BEGIN_REQUEST | GL_APPLICATION_START |
                        GL_APPLICATION_RESOLVE_MODULES | GL_APPLICATION_STOP | GL_RSCA_QUERY | GL_TRACE_EVENT |
                        GL_CUSTOM_NOTIFICATION | GL_THREAD_CLEANUP | GL_APPLICATION_PRELOAD | GL_SUSPEND_PROCESS;
    g_id = pModuleInfo->GetId();
    return pModuleInfo->SetGlobalNotifications(new CGlobalAll, every);
}
