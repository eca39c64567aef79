// Lists what RegisterModule and IHttpServer tell about the server: version, module name and id, pool, command line.

#include "module.h"

static DWORD g_version;
static PCWSTR g_name;
static HTTP_MODULE_ID g_id;
static IHttpServer* g_pServer;

class CServerInfo : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "version " << (g_version >> 16) << "." << (g_version & 0xFFFF) << "\n"
             << "module " << g_name << "\n"
             << "id " << (g_id ? "given" : "null") << "\n"
             << "pool " << g_pServer->GetAppPoolName() << "\n"
             << "command line " << g_pServer->IsCommandLineLaunch() << "\n"
             << "site " << pHttpContext->GetRequest()->GetSiteId() << "\n";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD dwServerVersion, IHttpModuleRegistrationInfo* pModuleInfo,
                                            IHttpServer* pGlobalInfo)
{
    g_version = dwServerVersion;
    g_name = pModuleInfo->GetName();
    g_id = pModuleInfo->GetId();
    g_pServer = pGlobalInfo;
    return registerModule<CServerInfo>(pModuleInfo, RQ_BEGIN_REQUEST);
}
