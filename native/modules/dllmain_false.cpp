// DllMain returns FALSE: LoadLibrary fails with ERROR_DLL_INIT_FAILED (1114).

#include <iismod/httpserv.h>
#include <windows.h>

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD, void*) { return FALSE; }

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
