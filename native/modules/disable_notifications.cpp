// Registers everything and disables in BEGIN_REQUEST what the query string says: two masks in hexadecimal, "F00,3".
//
// X-Order has what was told nevertheless, as with order_a.

#include "events.h"
#include "module.h"
#include <stdlib.h>

class CDisableNotifications : public CHttpModule
{
public:
#define NOTE(event, provider)                                                                                          \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext* pHttpContext, provider*) override                              \
    {                                                                                                                  \
        if (strcmp(#event, "BeginRequest") == 0)                                                                       \
            disable(pHttpContext);                                                                                     \
        pHttpContext->GetResponse()->SetHeader("X-Order", #event, sizeof #event - 1, FALSE);                           \
        return RQ_NOTIFICATION_CONTINUE;                                                                               \
    }

    EACH_EVENT(NOTE)
#undef NOTE

private:
    static void disable(IHttpContext* pHttpContext)
    {
        char masks[32];
        char* rest = NULL;
        DWORD events = strtoul(queryString(pHttpContext, masks), &rest, 16);
        DWORD post = *rest == ',' ? strtoul(rest + 1, NULL, 16) : 0;
        pHttpContext->DisableNotifications(events, post);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CDisableNotifications>(pModuleInfo, 0xFFF | RQ_SEND_RESPONSE, 0xFFF);
}
