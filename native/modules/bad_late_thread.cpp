// Leaves a thread running when it is unloaded: the thread then executes memory that is gone.

#include "module.h"

static DWORD WINAPI tick(void*)
{
    for (;;)
        Sleep(1);
}

class CLateThread : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        CloseHandle(CreateThread(NULL, 0, tick, NULL, 0, NULL));
        Text text;
        text << "ticking";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLateThread>(pModuleInfo, RQ_BEGIN_REQUEST);
}
