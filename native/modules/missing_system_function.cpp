// Imports a function that kernel32.dll lacks, as a module built for a newer Windows does.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall IismodNewerThanThisWindows();

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*)
{
    return IismodNewerThanThisWindows();
}
