// Keeps request memory beyond the request and reads it in the next.

#include "module.h"

static char* volatile g_kept;
static volatile int g_sum;

class CKeepsMemory : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (g_kept)
            g_sum += *g_kept;
        char* memory = static_cast<char*>(pHttpContext->AllocateRequestMemory(64));
        if (memory)
            *memory = 1;
        g_kept = memory;
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CKeepsMemory>(pModuleInfo, RQ_BEGIN_REQUEST);
}
