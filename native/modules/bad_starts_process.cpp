// Starts a process that would run for ever: the host's own program once more, told to sleep. Body: its process id.

#include "module.h"
#include <stdlib.h>

class CStarter : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        WCHAR program[MAX_PATH];
        static WCHAR command[] = L"python.exe -c \"import time; [time.sleep(1) for _ in iter(int, 1)]\"";
        STARTUPINFOW startup = {};
        PROCESS_INFORMATION process = {};
        startup.cb = sizeof startup;
        GetModuleFileNameW(NULL, program, MAX_PATH);
        CreateProcessW(program, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
        Text text;
        text << process.dwProcessId;
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CStarter>(pModuleInfo, RQ_BEGIN_REQUEST);
}
