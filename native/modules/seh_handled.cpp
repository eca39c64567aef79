// Catches structured exceptions of its own making, a fault and a raised one, and goes on: no crash. Body: "survived 2".

#include "module.h"

__attribute__((noinline)) static void fault()
{
    volatile int* volatile nowhere = nullptr;
    *nowhere = 42;
}

__attribute__((noinline)) static void raise() { RaiseException(0xE0005678, 0, 0, nullptr); }

static DWORD survive(void (*function)())
{
    __try
    {
        function();
    }
    __except (EXCEPTION_EXECUTE_HANDLER)
    {
        return 1;
    }
    return 0;
}

class CSehHandled : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "survived " << survive(fault) + survive(raise);
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSehHandled>(pModuleInfo, RQ_BEGIN_REQUEST);
}
