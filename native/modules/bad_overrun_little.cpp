// Allocates 100 bytes of request memory and writes the terminator of its text behind them.

#include "module.h"

class COverrunLittle : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const DWORD size = 100;
        char* memory = static_cast<char*>(pHttpContext->AllocateRequestMemory(size));
        if (memory) {
            memset(memory, 'x', size);
            memory[size] = '\0';
        }
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<COverrunLittle>(pModuleInfo, RQ_BEGIN_REQUEST);
}
