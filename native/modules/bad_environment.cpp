// Changes what belongs to the whole process: current directory, standard handles, environment and error mode.

#include "module.h"

class CEnvironment : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        SetCurrentDirectoryA("C:\\windows");
        SetEnvironmentVariableA("PATH", "C:\\nowhere");
        SetErrorMode(SEM_FAILCRITICALERRORS);
        CloseHandle(GetStdHandle(STD_OUTPUT_HANDLE));
        CloseHandle(GetStdHandle(STD_ERROR_HANDLE));
        CloseHandle(GetStdHandle(STD_INPUT_HANDLE));
        Text text;
        text << "changed";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CEnvironment>(pModuleInfo, RQ_BEGIN_REQUEST);
}
