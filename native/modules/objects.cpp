// Walks through the objects around a request and keeps something in every container; one line for each thing it tries.
//
// The debugger is told "cleaned up NAME" when a container ends.

#include "module.h"

static HTTP_MODULE_ID g_id;
static IHttpServer* g_pServer;

class CKept : public IHttpStoredContext
{
public:
    explicit CKept(PCSTR name) : m_name(name) {}

    void CleanupStoredContext() override
    {
        Text text;
        text << "cleaned up " << m_name;
        OutputDebugStringA(text.data());
        delete this;
    }

private:
    PCSTR m_name;
};

class CObjects : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        containers(static_cast<IHttpContext4*>(pHttpContext), text);
        around(pHttpContext, text);
        policy(pHttpContext->GetResponse()->GetCachePolicy(), text);
        user(pHttpContext, text);
        return reply(pHttpContext, text);
    }

private:
    static Hex hex(HRESULT hr) { return Hex{static_cast<DWORD>(hr)}; }

    // First set wins; the loser's object is the caller's own to free.
    static void keep(IHttpModuleContextContainer* pContainer, PCSTR name, Text& text)
    {
        IHttpStoredContext* pKept = new CKept(name);
        HRESULT hr = pContainer->SetModuleContext(pKept, g_id);
        text << name << " " << hex(hr);
        if (SUCCEEDED(hr))
            text << (pContainer->GetModuleContext(g_id) == pKept ? " kept" : " lost");
        else
            delete static_cast<CKept*>(pKept);
        text << "\n";
    }

    static void containers(IHttpContext4* pHttpContext, Text& text)
    {
        IHttpContext* pContext = pHttpContext;
        keep(pContext->GetModuleContextContainer(), "request", text);
        keep(pContext->GetModuleContextContainer(), "request", text);
        keep(pContext->GetSite()->GetModuleContextContainer(), "site", text);
        keep(pContext->GetApplication()->GetModuleContextContainer(), "application", text);
        keep(pContext->GetUrlInfo()->GetModuleContextContainer(), "url", text);
        keep(pContext->GetMetadata()->GetModuleContextContainer(), "metadata", text);
        INamedContextContainer* pNamed = pHttpContext->GetNamedContextContainer();
        CKept* pKept = new CKept("named");
        CKept* pSecond = new CKept("named second");
        text << "named " << hex(pNamed->SetNamedContext(pKept, L"mine")) << " "
             << hex(pNamed->SetNamedContext(pSecond, L"mine"))
             << (pNamed->GetNamedContext(L"mine") == pKept ? " kept" : " lost")
             << (pNamed->GetNamedContext(L"websockets") ? " other" : " none") << "\n";
        delete pSecond;
        IDispensedHttpModuleContextContainer* pDispensed = g_pServer->DispenseContainer();
        keep(pDispensed, "dispensed", text);
        pDispensed->ReleaseContainer();
    }

    static void around(IHttpContext* pHttpContext, Text& text)
    {
        DWORD length = 0;
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetErrorDescription(L"a < b", 5);
        text << "description " << pResponse->GetErrorDescription(&length) << " " << length << "\n";
        text << "meta " << pHttpContext->GetMetadata()->GetMetaPath() << "\n";
        text << "frequent " << pHttpContext->GetUrlInfo()->IsFrequentlyHit() << "\n";
        text << "warming " << static_cast<IHttpApplication2*>(pHttpContext->GetApplication())->QueryIsWarmingUp() << "\n";
        g_pServer->GetPerfCounterInfo()->IncrementCounter(1, 2);
        pHttpContext->GetSite()->GetPerfCounterInfo()->DecrementCounter(1);
        IHttpFileInfo* pFile = NULL;
        HRESULT hr = g_pServer->GetFileInfo(L"C:\\windows\\win.ini", NULL, NULL, NULL, NULL, FALSE, &pFile);
        text << "file " << hex(hr);
        if (SUCCEEDED(hr))
        {
            text << " access " << hex(pFile->AccessCheck(NULL, NULL));
            pFile->DereferenceCacheData();
        }
        text << "\n";
    }

    static void policy(IHttpCachePolicy* pPolicy, Text& text)
    {
        text << "policy " << static_cast<int>(pPolicy->GetKernelCachePolicy()->Policy) << " " << pPolicy->IsUserCacheEnabled();
        pPolicy->DisableUserCache();
        text << pPolicy->IsUserCacheEnabled() << pPolicy->IsCached() << " " << hex(pPolicy->AppendVaryByHeader(NULL)) << " "
             << hex(pPolicy->SetVaryByValue(NULL));
        pPolicy->AppendVaryByHeader("X-A");
        pPolicy->AppendVaryByHeader("X-B");
        text << " " << pPolicy->GetVaryByHeaders() << "\n";
    }

    static void user(IHttpContext* pHttpContext, Text& text)
    {
        IHttpUser* pUser = pHttpContext->GetUser();
        BOOL isIn = FALSE;
        text << "user [" << pUser->GetUserName() << "] [" << pUser->GetAuthenticationType() << "] roles "
             << pUser->SupportsIsInRole() << " " << hex(pUser->IsInRole(L"", &isIn)) << isIn << " sid "
             << (pUser->GetUserVariable("SID") ? "given" : "none") << " original "
             << (static_cast<IHttpContext4*>(pHttpContext)->GetOriginalUser() == pUser ? "the same" : "another") << "\n";
        IHttpTokenEntry* pToken = NULL;
        HRESULT hr = static_cast<IHttpServer2*>(g_pServer)->GetToken(L"alice", L"secret", 3, &pToken);
        text << "token " << hex(hr);
        if (SUCCEEDED(hr))
        {
            text << (pToken->GetPrimaryToken() && pToken->GetSid() ? " given" : " empty");
            pToken->DereferenceCacheData();
        }
        text << " " << hex(static_cast<IHttpServer2*>(g_pServer)->GetToken(L"alice", L"wrong", 3, &pToken)) << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_id = pModuleInfo->GetId();
    g_pServer = pGlobalInfo;
    return registerModule<CObjects>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
