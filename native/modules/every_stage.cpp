// Registers every deterministic notification with its post half, and lets all pass: what the way itself costs.

#include "events.h"
#include "module.h"

class CEveryStage : public CHttpModule
{
public:
#define PASS(event, provider)                                                                                          \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext*, provider*) override                                           \
    {                                                                                                                  \
        return RQ_NOTIFICATION_CONTINUE;                                                                               \
    }

    EACH_EVENT(PASS)
#undef PASS
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CEveryStage>(pModuleInfo, 0xFFF, 0xFFF);
}
