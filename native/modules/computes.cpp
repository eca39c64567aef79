// Computes for about five milliseconds, without any call into the host: requests on several threads should not wait for
// each other. The response is the result.

#include "module.h"

class CComputes : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        volatile DWORD value = 2166136261;
        for (DWORD i = 0; i < 2000000; ++i)
            value = (value ^ (i & 0xFF)) * 16777619;
        Text text;
        text << Hex{value};
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CComputes>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
