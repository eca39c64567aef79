// Imports companion_broken.dll, which is there but needs iismod_absent.dll, which is not.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall CompanionBroken();

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*)
{
    return CompanionBroken();
}
