// Looks at a file through IIS's cache and never dereferences it.

#include "module.h"

static IHttpServer* g_pServer;

class CFileInfo : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        WCHAR program[MAX_PATH];
        GetModuleFileNameW(NULL, program, MAX_PATH);
        IHttpFileInfo* pFile = NULL;
        g_pServer->GetFileInfo(program, NULL, NULL, NULL, NULL, TRUE, &pFile);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    return registerModule<CFileInfo>(pModuleInfo, RQ_BEGIN_REQUEST);
}
