// Keeps the context of a request and uses it in the next one, when it is no longer valid.

#include "module.h"

static IHttpContext* g_previous;

class CLateContext : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (g_previous)
            g_previous->GetResponse();
        g_previous = pHttpContext;
        Text text;
        text << "kept";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLateContext>(pModuleInfo, RQ_BEGIN_REQUEST);
}
