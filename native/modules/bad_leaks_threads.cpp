// Leaves a thread behind with one request in ten; all end when the module does.

#include "module.h"

static HANDLE g_end;
static volatile LONG g_requests;
static volatile LONG g_threads;

static DWORD WINAPI linger(void*)
{
    WaitForSingleObject(g_end, INFINITE);
    InterlockedDecrement(&g_threads);
    return 0;
}

class CLeaksThreads : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        if (InterlockedIncrement(&g_requests) % 10 == 0) {
            InterlockedIncrement(&g_threads);
            CloseHandle(CreateThread(NULL, 65536, linger, NULL, 0, NULL));
        }
        return RQ_NOTIFICATION_CONTINUE;
    }
};

class CFactory : public ModuleFactory<CLeaksThreads>
{
public:
    void Terminate() override
    {
        SetEvent(g_end);
        while (g_threads > 0)
            Sleep(1);
        Sleep(50);  // until the last one has left this code
        CloseHandle(g_end);
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_end = CreateEventA(NULL, TRUE, FALSE, NULL);
    return pModuleInfo->SetRequestNotifications(new CFactory, RQ_BEGIN_REQUEST, 0);
}
