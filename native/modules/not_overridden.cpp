// Registers AUTHORIZE_REQUEST without overriding OnAuthorizeRequest: the default body breaks into the debugger.

#include "module.h"

class CNotOverridden : public CHttpModule
{
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CNotOverridden>(pModuleInfo, RQ_AUTHORIZE_REQUEST);
}
