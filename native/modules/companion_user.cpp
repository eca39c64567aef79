// Imports CompanionHere from companion.dll beside it: loads only if the DLL's own directory is searched.

#include "module.h"

extern "C" HRESULT __stdcall CompanionHere();

class CCompanionUser : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "companion " << Hex{static_cast<DWORD>(CompanionHere())};
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCompanionUser>(pModuleInfo, RQ_BEGIN_REQUEST);
}
