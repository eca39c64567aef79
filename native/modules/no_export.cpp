// Exports something, but not RegisterModule.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall StartModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
