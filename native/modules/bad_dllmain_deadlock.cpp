// DllMain starts a thread and waits for it: the thread needs the loader lock that DllMain holds, so LoadLibrary hangs.

#include "module.h"

static DWORD WINAPI work(void*) { return 0; }

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        WaitForSingleObject(CreateThread(NULL, 0, work, NULL, 0, NULL), INFINITE);
    return TRUE;
}

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
