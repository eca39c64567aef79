// Imports iismod_absent.dll, which does not exist.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall OpenBackEnd();

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return OpenBackEnd(); }
