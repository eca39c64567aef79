// DllMain throws a C++ exception: LoadLibrary fails with the exception's code, or the process ends.

#include <iismod/httpserv.h>
#include <stdexcept>
#include <windows.h>

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        throw std::runtime_error("C:\\ProgramData\\Contoso is missing");
    return TRUE;
}

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
