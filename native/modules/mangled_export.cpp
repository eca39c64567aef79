// Exports RegisterModule under its C++ name, because extern "C" was forgotten.

#include <iismod/httpserv.h>

__declspec(dllexport) HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
