// Installs an unhandled-exception filter that ends the process with exit code 0, and then faults.

#include "module.h"

static LONG WINAPI swallow(EXCEPTION_POINTERS*)
{
    ExitProcess(0);
    return 0;
}

class CSwallowsCrash : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        SetUnhandledExceptionFilter(swallow);
        volatile int* volatile nowhere = nullptr;
        *nowhere = 42;
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSwallowsCrash>(pModuleInfo, RQ_BEGIN_REQUEST);
}
