// Calls IndicateCompletion inside of its handlers and returns PENDING from them, as ASP.NET does: the rest of the request
// runs nested in that call, and the module object may be gone when it comes back.
//
// Every deterministic notification up to EXECUTE_REQUEST_HANDLER; the last writes "indicated".

#include "module.h"

class CAsyncIndicateInside : public CHttpModule
{
public:
#define INDICATE(event, provider)                                                                                      \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext* pHttpContext, provider*) override                              \
    {                                                                                                                  \
        pHttpContext->IndicateCompletion(RQ_NOTIFICATION_CONTINUE);                                                    \
        return RQ_NOTIFICATION_PENDING;                                                                                \
    }

    INDICATE(BeginRequest, IHttpEventProvider)
    INDICATE(AuthenticateRequest, IAuthenticationProvider)
    INDICATE(AuthorizeRequest, IHttpEventProvider)
    INDICATE(ResolveRequestCache, IHttpEventProvider)
    INDICATE(MapRequestHandler, IMapHandlerProvider)
    INDICATE(AcquireRequestState, IHttpEventProvider)
    INDICATE(PreExecuteRequestHandler, IHttpEventProvider)
#undef INDICATE

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "indicated";
        pHttpContext->IndicateCompletion(reply(pHttpContext, text));
        return RQ_NOTIFICATION_PENDING;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncIndicateInside>(pModuleInfo, 0xFF);
}
