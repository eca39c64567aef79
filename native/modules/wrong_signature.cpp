// Declares OnAuthenticateRequest with the wrong provider: it compiles, overrides nothing, and the default body breaks.

#include "module.h"

class CWrongSignature : public CHttpModule
{
public:
    using CHttpModule::OnAuthenticateRequest;

    virtual REQUEST_NOTIFICATION_STATUS OnAuthenticateRequest(IHttpContext*, IHttpEventProvider*)
    {
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CWrongSignature>(pModuleInfo, RQ_AUTHENTICATE_REQUEST);
}
