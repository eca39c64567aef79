// Puts the request's body back in memory that it frees right after.

#include "module.h"

class CLendsFreed : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const DWORD size = 65536;
        char* memory = new char[size];
        DWORD received = 0;
        if (SUCCEEDED(pHttpContext->GetRequest()->ReadEntityBody(memory, size, FALSE, &received)) && received)
            pHttpContext->GetRequest()->InsertEntityBody(memory, received);
        delete[] memory;
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLendsFreed>(pModuleInfo, RQ_BEGIN_REQUEST);
}
