// Exports _RegisterModule@12, as a 32-bit build without a .def file does.

#include <iismod/httpserv.h>

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo*, IHttpServer*) { return S_OK; }
