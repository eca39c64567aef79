// Has a thread-local variable and a TLS callback: code that runs before DllMain, and again for each thread.
//
// The body is "before DllMain 1, value 7": the callback ran first, and the variable has its initial value here.

#include "module.h"

static DWORD g_callbacks;
static DWORD g_callbacksBeforeDllMain;

static void NTAPI onTls(void*, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        ++g_callbacks;
}

#ifdef _MSC_VER
#pragma section(".CRT$XLB", read)
extern "C" __declspec(allocate(".CRT$XLB")) void(NTAPI* const g_tlsCallback)(void*, DWORD, void*) = onTls;
#pragma comment(linker, "/include:_tls_used")
#pragma comment(linker, "/include:g_tlsCallback")
#else
extern "C" __attribute__((section(".CRT$XLY"), used)) void(NTAPI* const g_tlsCallback)(void*, DWORD, void*) = onTls;
#endif

static __thread DWORD g_value = 7;

class CTlsCallback : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "before DllMain " << g_callbacksBeforeDllMain << ", value " << g_value;
        return reply(pHttpContext, text);
    }
};

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        g_callbacksBeforeDllMain = g_callbacks;
    return TRUE;
}

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CTlsCallback>(pModuleInfo, RQ_BEGIN_REQUEST);
}
