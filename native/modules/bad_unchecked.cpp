// Writes into request memory without asking whether there was any.

#include "module.h"

class CUnchecked : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char* memory = static_cast<char*>(pHttpContext->AllocateRequestMemory(16));
        memory[0] = 'x';
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CUnchecked>(pModuleInfo, RQ_BEGIN_REQUEST);
}
