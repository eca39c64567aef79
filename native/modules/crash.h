// The common part of the crash modules: a module that calls crash() in the phase of its life which the environment
// variable IISMOD_CRASH_IN names, and is well-behaved otherwise.
//
// Phases: DllMain, RegisterModule, GetHttpModule, OnBeginRequest (also when the variable is not set), Dispose,
// Terminate, DLL_PROCESS_DETACH.

#pragma once

#include <iismod/httpserv.h>
#include <string.h>
#include <windows.h>

void crash();

inline void crashIn(const char* phase)
{
    char wanted[32] = "OnBeginRequest";
    GetEnvironmentVariableA("IISMOD_CRASH_IN", wanted, sizeof wanted);
    if (strcmp(wanted, phase) == 0)
        crash();
}

class CrashModule : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        crashIn("OnBeginRequest");
        return RQ_NOTIFICATION_CONTINUE;
    }

    void Dispose() override
    {
        crashIn("Dispose");
        delete this;
    }
};

class CrashFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        crashIn("GetHttpModule");
        *ppModule = new CrashModule;
        return S_OK;
    }

    void Terminate() override
    {
        crashIn("Terminate");
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    crashIn("RegisterModule");
    return pModuleInfo->SetRequestNotifications(new CrashFactory, RQ_BEGIN_REQUEST, 0);
}

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        crashIn("DllMain");
    if (reason == DLL_PROCESS_DETACH)
        crashIn("DLL_PROCESS_DETACH");
    return TRUE;
}
