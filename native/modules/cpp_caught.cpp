// Throws C++ exceptions and catches them all: one in each DllMain call, 500 in a request. No crash. Body: "caught 500".

#include "module.h"
#include <stdexcept>

static int toss(int times)
{
    int caught = 0;
    for (int i = 0; i < times; ++i) {
        try {
            throw std::runtime_error("a ball");
        }
        catch (const std::exception&) {
            ++caught;
        }
    }
    return caught;
}

class CJuggler : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "caught " << toss(500);
        return reply(pHttpContext, text);
    }
};

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD, void*) { return toss(1) == 1; }

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CJuggler>(pModuleInfo, RQ_BEGIN_REQUEST);
}
