// Notes its notifications in X-Order and returns FINISH_REQUEST from the one that the query string names (?LogRequest).

#include "events.h"
#include "module.h"

class CFinish : public CHttpModule
{
public:
#define NOTE(event, provider)                                                                                          \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext* pHttpContext, provider*) override                              \
    {                                                                                                                  \
        return note(pHttpContext, #event, sizeof #event - 1);                                                          \
    }

    EACH_EVENT(NOTE)
#undef NOTE

private:
    static REQUEST_NOTIFICATION_STATUS note(IHttpContext* pHttpContext, PCSTR event, USHORT length)
    {
        char wanted[64];
        pHttpContext->GetResponse()->SetHeader("X-Order", event, length, FALSE);
        if (strcmp(queryString(pHttpContext, wanted), event) == 0)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CFinish>(pModuleInfo, 0xFFF | RQ_SEND_RESPONSE, 0xFFF);
}
