// Tells the settings of the worker process, as GetWorkerProcessSettings gives them: one line for each kind of getter.

#include "module.h"
#include <iismod/wpframework.h>

static IHttpServer* g_pServer;

class CWorkerSettings : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        IWpfSettings* pSettings = NULL;
        HRESULT hr = g_pServer->GetWorkerProcessSettings(&pSettings);
        if (FAILED(hr))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        WCHAR version[16] = L"";
        DWORD room = 2, minutes = 0;
        HRESULT small = pSettings->GetStringProperty(CLR_VERSION, version, &room);
        text << "small " << Hex{static_cast<DWORD>(small)} << " " << room << "\n";
        room = sizeof version / sizeof *version;
        hr = pSettings->GetStringProperty(CLR_VERSION, version, &room);
        text << "clr " << Hex{static_cast<DWORD>(hr)} << " " << version << " " << room << "\n";
        hr = pSettings->GetDwordProperty(IDLE_TIMEOUT, &minutes);
        text << "idle " << Hex{static_cast<DWORD>(hr)} << " " << minutes << "\n";
        ULONGLONG memory = 1;
        hr = pSettings->GetUlonglongProperty(PERIODIC_RESTART_PRIVATE_MEMORY, &memory);
        text << "memory " << Hex{static_cast<DWORD>(hr)} << " " << static_cast<DWORD>(memory) << "\n";
        BOOL hostable = TRUE;
        hr = pSettings->GetBoolProperty(ENABLED_HOSTABLE_WEB_CORE, &hostable);
        text << "hostable " << Hex{static_cast<DWORD>(hr)} << " " << hostable << "\n";
        HANDLE token = NULL;
        hr = pSettings->GetHandleProperty(ANONYMOUS_USER_TOKEN, &token);
        text << "token " << Hex{static_cast<DWORD>(hr)} << " " << (token ? "given" : "null") << "\n";
        hr = pSettings->GetDwordProperty(static_cast<WPF_SETTINGS_DWORD_ENUM>(77), &minutes);
        text << "nonsense " << Hex{static_cast<DWORD>(hr)} << "\n";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    return registerModule<CWorkerSettings>(pModuleInfo, RQ_BEGIN_REQUEST);
}
