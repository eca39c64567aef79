// RegisterModule returns S_OK and registers nothing.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
