// RegisterModule fails with E_ACCESSDENIED, or with the hexadecimal HRESULT in the environment variable IISMOD_HRESULT.

#include "module.h"
#include <stdlib.h>

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*)
{
    char text[16] = "80070005";
    GetEnvironmentVariableA("IISMOD_HRESULT", text, sizeof text);
    return static_cast<HRESULT>(strtoul(text, NULL, 16));
}
