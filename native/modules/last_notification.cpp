// Asks in each of its notifications whether it is its last one, given that it continues and given that it finishes.
//
// X-Last: "BeginRequest 0 0, …"; ?disable: DisableNotifications has taken the post half of END_REQUEST away.

#include "module.h"

class CLastNotification : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        char how[16];
        if (strcmp(queryString(p, how), "disable") == 0)
            p->DisableNotifications(0, RQ_END_REQUEST);
        return note(p, "BeginRequest");
    }

    REQUEST_NOTIFICATION_STATUS OnAuthorizeRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        return note(p, "AuthorizeRequest");
    }

    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext* p, IHttpEventProvider*) override { return note(p, "EndRequest"); }

    REQUEST_NOTIFICATION_STATUS OnPostEndRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        return note(p, "PostEndRequest");
    }

private:
    static REQUEST_NOTIFICATION_STATUS note(IHttpContext* pHttpContext, PCSTR name)
    {
        Text entry;
        entry << name << " " << int(pHttpContext->GetIsLastNotification(RQ_NOTIFICATION_CONTINUE)) << " "
              << int(pHttpContext->GetIsLastNotification(RQ_NOTIFICATION_FINISH_REQUEST));
        pHttpContext->GetResponse()->SetHeader("X-Last", entry.data(), entry.length(), FALSE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    const DWORD events = RQ_BEGIN_REQUEST | RQ_AUTHORIZE_REQUEST | RQ_END_REQUEST;
    return registerModule<CLastNotification>(pModuleInfo, events, RQ_END_REQUEST);
}
