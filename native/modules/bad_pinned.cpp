// Pins itself in memory (GET_MODULE_HANDLE_EX_FLAG_PIN), so that FreeLibrary does not unload it.

#include "module.h"

static char g_anchor;

class CPinned : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "pinned";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HMODULE self = NULL;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN, &g_anchor, &self);
    return registerModule<CPinned>(pModuleInfo, RQ_BEGIN_REQUEST);
}
