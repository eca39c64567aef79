// Imports CompanionGone from companion.dll, which is there but has no such function (any more).

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall CompanionGone();

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return CompanionGone(); }
