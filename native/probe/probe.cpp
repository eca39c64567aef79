// Writes down what IIS does: one JSON line for each call into the module, with the answers to a fixed list of questions.
//
// The environment variable IISMOD_PROBE_FILE names the file; without it the module registers nothing. What a request is to
// show it says in headers: X-Probe-Finish, X-Probe-Pending and X-Probe-Read name a notification ("BeginRequest") in which
// the module finishes the request, returns PENDING after PostCompletion, or reads some of the body; X-Probe-Child are the
// execute flags of a child request for /child.txt. README.md tells the rest.

#include "../modules/events.h"
#include "../modules/module.h"
#include "line.h"

static Record g_record;
static HTTP_MODULE_ID g_id;

static const char* const VARIABLES[] = {
    "APPL_MD_PATH", "AUTH_TYPE",    "CACHE_URL",        "CONTENT_LENGTH", "HTTP_URL",    "HTTP_X_NONE",   "LOGON_USER",
    "NO_SUCH_NAME", "PATH_INFO",    "PATH_TRANSLATED",  "QUERY_STRING",   "REMOTE_HOST", "REQUEST_METHOD", "SCRIPT_NAME",
    "REQUEST_URI",  "UNENCODED_URL", "URL",
};

class CKept : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override
    {
        Line(g_record, "object", "CleanupStoredContext");
        delete this;
    }
};

class CProbe : public CHttpModule
{
public:
    // The deterministic notifications, their post halves, and SEND_RESPONSE.
#define HANDLER(event, Provider)                                                                                       \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext* pHttpContext, Provider* pProvider) override                    \
    {                                                                                                                  \
        return told(pHttpContext, pProvider, #event);                                                                  \
    }
    EACH_EVENT(HANDLER)
    HANDLER(MapPath, IMapPathProvider)
    HANDLER(ReadEntity, IReadEntityProvider)
    HANDLER(CustomRequestNotification, ICustomNotificationProvider)
#undef HANDLER

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD dwNotification, BOOL fPost,
                                                  IHttpEventProvider*, IHttpCompletionInfo* pCompletionInfo) override
    {
        {
            Line line(g_record, "completion", "AsyncCompletion", fPost);
            ask(line, pHttpContext);
            line.open("provider").number("notification", dwNotification);
            line.number("bytes", pCompletionInfo->GetCompletionBytes());
            line.hresult("status", pCompletionInfo->GetCompletionStatus()).close();
        }
        if (m_child)
            release();
        return RQ_NOTIFICATION_CONTINUE;
    }

    void Dispose() override
    {
        Line(g_record, "object", "Dispose");
        delete this;
    }

private:
    template <class Provider>
    REQUEST_NOTIFICATION_STATUS told(IHttpContext* pHttpContext, Provider* pProvider, PCSTR name)
    {
        const bool post = strncmp(name, "Post", 4) == 0;
        {
            Line line(g_record, "notification", post ? name + 4 : name, post);
            ask(line, pHttpContext);
            line.open("provider");
            details(line, pProvider);
            line.close();
        }
        return act(pHttpContext, name);
    }

    // --- what a request wants to see

    REQUEST_NOTIFICATION_STATUS act(IHttpContext* pHttpContext, PCSTR name)
    {
        IHttpModuleContextContainer* pContainer = pHttpContext->GetModuleContextContainer();
        if (strcmp(name, "BeginRequest") == 0)
            pContainer->SetModuleContext(new CKept, g_id);
        if (wants(pHttpContext, "X-Probe-Read", name))
            read(pHttpContext);
        PCSTR flags = pHttpContext->GetRequest()->GetHeader("X-Probe-Child");
        if (flags && strcmp(name, "BeginRequest") == 0 && !pHttpContext->GetParentContext())
            return runChild(pHttpContext, flags);
        if (wants(pHttpContext, "X-Probe-Finish", name))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        if (wants(pHttpContext, "X-Probe-Pending", name))
            return SUCCEEDED(pHttpContext->PostCompletion(42)) ? RQ_NOTIFICATION_PENDING : RQ_NOTIFICATION_CONTINUE;
        return RQ_NOTIFICATION_CONTINUE;
    }

    static bool wants(IHttpContext* pHttpContext, PCSTR header, PCSTR name)
    {
        PCSTR value = pHttpContext->GetRequest()->GetHeader(header);
        return value && strcmp(value, name) == 0;
    }

    static void read(IHttpContext* pHttpContext)
    {
        char buffer[4];
        DWORD cbReceived = 0;
        HRESULT hr = pHttpContext->GetRequest()->ReadEntityBody(buffer, sizeof buffer, FALSE, &cbReceived);
        Line line(g_record, "call", "ReadEntityBody");
        line.hresult("result", hr).number("bytes", cbReceived);
        line.number("remaining", pHttpContext->GetRequest()->GetRemainingEntityBytes());
    }

    REQUEST_NOTIFICATION_STATUS runChild(IHttpContext* pHttpContext, PCSTR flags)
    {
        const DWORD dwFlags = static_cast<DWORD>((flags[0] - '0') * 16 + (flags[1] - '0'));
        BOOL fCompletionExpected = FALSE;
        writeBody(pHttpContext->GetResponse(), "before ", 7);
        HRESULT hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS | CLONE_FLAG_HEADERS, &m_child);
        if (SUCCEEDED(hr))
            hr = m_child->GetRequest()->SetUrl("/child.txt", 10, TRUE);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, m_child, dwFlags, NULL, &fCompletionExpected);
        {
            Line line(g_record, "call", "ExecuteRequest");
            line.hresult("result", hr).flag("expected", fCompletionExpected);
            line.flag("headers_sent", pHttpContext->GetResponseHeadersSent());
        }
        if (SUCCEEDED(hr) && fCompletionExpected)
            return RQ_NOTIFICATION_PENDING;
        if (m_child)
            release();
        HRESULT written = writeBody(pHttpContext->GetResponse(), " after", 6);
        Line(g_record, "call", "WriteEntityChunks").hresult("result", written);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    void release()
    {
        HRESULT hr = m_child->ReleaseClonedContext();
        m_child = NULL;
        Line(g_record, "call", "ReleaseClonedContext").hresult("result", hr);
    }

    // --- the questions

    static void ask(Line& line, IHttpContext* pHttpContext)
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        askContext(line.open("context"), pHttpContext);
        askRequest(line.close().open("request"), pRequest);
        askResponse(line.close().open("response"), pHttpContext->GetResponse());
        line.close().open("variables");
        for (PCSTR name : VARIABLES)
        {
            PCSTR value = NULL;
            DWORD cchValue = 0;
            HRESULT hr = pHttpContext->GetServerVariable(name, &value, &cchValue);
            SUCCEEDED(hr) ? line.text(name, value, cchValue) : line.number(name, static_cast<DWORD>(hr));
        }
        line.close();
    }

    static void askContext(Line& line, IHttpContext* pHttpContext)
    {
        DWORD cchPath = 0, dwNotification = 0;
        IScriptMapInfo* pScriptMap = pHttpContext->GetScriptMap();
        IHttpUser* pUser = pHttpContext->GetUser();
        line.flag("last_if_continue", pHttpContext->GetIsLastNotification(RQ_NOTIFICATION_CONTINUE));
        line.flag("last_if_finish", pHttpContext->GetIsLastNotification(RQ_NOTIFICATION_FINISH_REQUEST));
        line.flag("headers_sent", pHttpContext->GetResponseHeadersSent());
        line.flag("has_parent", pHttpContext->GetParentContext() != NULL);
        line.flag("has_root", pHttpContext->GetRootContext() != NULL);
        line.number("execute_flags", pHttpContext->GetExecuteFlags());
        line.text("user", pUser ? pUser->GetUserName() : NULL);
        line.text("script_map", pScriptMap ? pScriptMap->GetName() : NULL);
        line.flag("has_file", pHttpContext->GetFileInfo() != NULL);
        line.flag("has_connection", pHttpContext->GetConnection() != NULL);
        line.flag("has_kept", pHttpContext->GetModuleContextContainer()->GetModuleContext(g_id) != NULL);
        line.text("physical_path", pHttpContext->GetPhysicalPath(&cchPath));
        line.text("script_name", pHttpContext->GetScriptName(&cchPath));
        line.text("script_translated", pHttpContext->GetScriptTranslated(&cchPath));
        line.hresult("stats", pHttpContext->GetCurrentExecutionStats(&dwNotification));
        line.number("stats_notification", dwNotification);
        line.flag("memory_of_0", pHttpContext->AllocateRequestMemory(0) != NULL);
    }

    static void askRequest(Line& line, IHttpRequest* pRequest)
    {
        const HTTP_REQUEST* pRaw = pRequest->GetRawHttpRequest();
        USHORT cchValue = 7;
        line.text("probe", pRequest->GetHeader("X-Probe"));
        line.text("host", pRequest->GetHeader(HttpHeaderHost));
        line.text("missing", pRequest->GetHeader("X-Missing", &cchValue)).number("missing_length", cchValue);
        line.text("method", pRequest->GetHttpMethod()).number("verb", pRaw->Verb);
        line.flag("url_changed", pRequest->GetUrlChanged()).text("forwarded_url", pRequest->GetForwardedUrl());
        line.number("remaining", pRequest->GetRemainingEntityBytes());
        line.number("raw_flags", pRaw->Flags).number("raw_chunks", pRaw->EntityChunkCount);
        line.text("raw_url", pRaw->pRawUrl, pRaw->pRawUrl ? pRaw->RawUrlLength : 0);
        line.text("full_url", pRaw->CookedUrl.pFullUrl).number("path_length", pRaw->CookedUrl.AbsPathLength);
    }

    static void askResponse(Line& line, IHttpResponse* pResponse)
    {
        USHORT status = 0, substatus = 0, cchReason = 0;
        PCSTR reason = NULL;
        HRESULT error = S_OK;
        PCWSTR module = NULL;
        DWORD dwNotification = 0;
        pResponse->GetStatus(&status, &substatus, &reason, &cchReason, &error, &module, &dwNotification);
        line.number("status", status).number("substatus", substatus).text("reason", reason);
        line.hresult("error", error).text("set_by", module).number("set_in", dwNotification);
        line.flag("kernel_cache", pResponse->GetKernelCacheEnabled());
        line.flag("headers_suppressed", pResponse->GetHeadersSuppressed());
        line.number("chunks", pResponse->GetRawHttpResponse()->EntityChunkCount);
    }

    static void details(Line&, IHttpEventProvider*) {}

    static void details(Line& line, ISendResponseProvider* pProvider)
    {
        line.flag("headers", pProvider->GetHeadersBeingSent()).number("flags", pProvider->GetFlags());
        line.flag("ready_to_log", pProvider->GetReadyToLogData());
        line.flag("has_log_data", pProvider->GetLogData() != NULL);
    }

    static void details(Line& line, IMapPathProvider* pProvider)
    {
        line.text("url", pProvider->GetUrl()).text("physical_path", pProvider->GetPhysicalPath());
    }

    static void details(Line& line, IReadEntityProvider* pProvider)
    {
        void* pBuffer = NULL;
        DWORD cbData = 0, cbBuffer = 0;
        pProvider->GetEntity(&pBuffer, &cbData, &cbBuffer);
        line.number("data", cbData).number("buffer", cbBuffer);
    }

    static void details(Line& line, ICustomNotificationProvider* pProvider)
    {
        line.text("type", pProvider->QueryNotificationType());
    }

    IHttpContext* m_child = NULL;
};

class CProbeFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        Line(g_record, "object", "GetHttpModule");
        *ppModule = new CProbe;
        return S_OK;
    }

    void Terminate() override
    {
        Line(g_record, "object", "FactoryTerminate");
        delete this;
    }
};

class CProbeGlobal : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalStopListening(IGlobalStopListeningProvider* pProvider) override
    {
        Line(g_record, "global", "StopListening").flag("drain", pProvider->DrainRequestsGracefully());
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalConfigurationChange(IGlobalConfigurationChangeProvider* pProvider) override
    {
        Line(g_record, "global", "ConfigurationChange").text("path", pProvider->GetChangePath());
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalFileChange(IGlobalFileChangeProvider* pProvider) override
    {
        Line(g_record, "global", "FileChange").text("file", pProvider->GetFileName());
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalPreBeginRequest(IPreBeginRequestProvider* pProvider) override
    {
        IHttpContext* pHttpContext = pProvider->GetHttpContext();
        Line line(g_record, "global", "PreBeginRequest");
        line.flag("has_parent", pHttpContext->GetParentContext() != NULL);
        line.text("probe", pHttpContext->GetRequest()->GetHeader("X-Probe"));
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider* pProvider) override
    {
        return application("ApplicationStart", pProvider->GetApplication());
    }

    GLOBAL_NOTIFICATION_STATUS
    OnGlobalApplicationResolveModules(IHttpApplicationResolveModulesProvider* pProvider) override
    {
        return application("ApplicationResolveModules", pProvider->GetApplication());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStop(IHttpApplicationStopProvider* pProvider) override
    {
        return application("ApplicationStop", pProvider->GetApplication());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationPreload(IGlobalApplicationPreloadProvider*) override
    {
        return plain("ApplicationPreload");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalThreadCleanup(IGlobalThreadCleanupProvider* pProvider) override
    {
        return application("ThreadCleanup", pProvider->GetApplication());
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalCacheOperation(ICacheProvider* pProvider) override
    {
        Line line(g_record, "global", "CacheOperation");
        IHttpCacheKey* pKey = pProvider->GetCacheKey();
        line.number("operation", pProvider->GetCacheOperation());
        line.text("cache", pKey ? pKey->GetCacheName() : NULL);
        line.flag("has_record", pProvider->GetCacheRecord() != NULL);
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalRSCAQuery(IGlobalRSCAQueryProvider* pProvider) override
    {
        Line(g_record, "global", "RSCAQuery").text("function", pProvider->GetFunctionName());
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalCustomNotification(ICustomNotificationProvider* pProvider) override
    {
        Line(g_record, "global", "CustomNotification").text("type", pProvider->QueryNotificationType());
        return GL_NOTIFICATION_CONTINUE;
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalTraceEvent(IGlobalTraceEventProvider*) override { return plain("TraceEvent"); }
    GLOBAL_NOTIFICATION_STATUS OnGlobalCacheCleanup() override { return plain("CacheCleanup"); }
    GLOBAL_NOTIFICATION_STATUS OnGlobalHealthCheck() override { return plain("HealthCheck"); }

    void Terminate() override
    {
        plain("GlobalTerminate");
        delete this;
    }

private:
    static GLOBAL_NOTIFICATION_STATUS plain(PCSTR name)
    {
        Line(g_record, "global", name);
        return GL_NOTIFICATION_CONTINUE;
    }

    static GLOBAL_NOTIFICATION_STATUS application(PCSTR name, IHttpApplication* pApplication)
    {
        Line line(g_record, "global", name);
        line.text("id", pApplication ? pApplication->GetApplicationId() : NULL);
        line.text("config_path", pApplication ? pApplication->GetAppConfigPath() : NULL);
        return GL_NOTIFICATION_CONTINUE;
    }
};

static const DWORD DETERMINISTIC = 0xFFF;
static const DWORD NESTED = RQ_SEND_RESPONSE | RQ_READ_ENTITY | RQ_MAP_PATH | RQ_CUSTOM_NOTIFICATION;
static const DWORD GLOBAL = GL_STOP_LISTENING | GL_CACHE_CLEANUP | GL_CACHE_OPERATION | GL_HEALTH_CHECK |
                            GL_CONFIGURATION_CHANGE | GL_FILE_CHANGE | GL_PRE_BEGIN_REQUEST | GL_APPLICATION_START |
                            GL_APPLICATION_RESOLVE_MODULES | GL_APPLICATION_STOP | GL_RSCA_QUERY | GL_TRACE_EVENT |
                            GL_CUSTOM_NOTIFICATION | GL_THREAD_CLEANUP | GL_APPLICATION_PRELOAD;

extern "C" HRESULT __stdcall RegisterModule(DWORD dwServerVersion, IHttpModuleRegistrationInfo* pModuleInfo,
                                            IHttpServer* pGlobalInfo)
{
    if (!g_record.open("IISMOD_PROBE_FILE"))
        return S_OK;
    g_id = pModuleInfo->GetId();
    {
        Line line(g_record, "object", "RegisterModule");
        line.number("version", dwServerVersion).text("name", pModuleInfo->GetName());
        line.flag("command_line", pGlobalInfo->IsCommandLineLaunch()).text("pool", pGlobalInfo->GetAppPoolName());
    }
    HRESULT hr = pModuleInfo->SetRequestNotifications(new CProbeFactory, DETERMINISTIC | NESTED, DETERMINISTIC);
    return SUCCEEDED(hr) ? pModuleInfo->SetGlobalNotifications(new CProbeGlobal, GLOBAL) : hr;
}
