// Runs its following notifications itself as long as GetNextNotification gives them to it, from BEGIN_REQUEST on.
//
// X-Order says who ran what: "core:" when the host called, "self:" when GetNextNotification gave it. BEGIN_REQUEST and its
// post half, AUTHENTICATE_REQUEST, LOG_REQUEST, END_REQUEST; ?finish: it asks with FINISH_REQUEST.

#include "module.h"

class CNextNotification : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        note(pHttpContext, "core:BeginRequest");
        char how[16];
        bool finish = strcmp(queryString(pHttpContext, how), "finish") == 0;
        REQUEST_NOTIFICATION_STATUS status = finish ? RQ_NOTIFICATION_FINISH_REQUEST : RQ_NOTIFICATION_CONTINUE;
        DWORD dwNotification = 0;
        BOOL fPost = FALSE;
        CHttpModule* pModule = NULL;
        IHttpEventProvider* pProvider = NULL;
        while (pHttpContext->GetNextNotification(status, &dwNotification, &fPost, &pModule, &pProvider))
            status = run(pHttpContext, dwNotification, fPost, pModule == this && pProvider);
        return status;
    }

    REQUEST_NOTIFICATION_STATUS OnPostBeginRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        return note(p, "core:PostBeginRequest");
    }

    REQUEST_NOTIFICATION_STATUS OnAuthenticateRequest(IHttpContext* p, IAuthenticationProvider*) override
    {
        return note(p, "core:AuthenticateRequest");
    }

    REQUEST_NOTIFICATION_STATUS OnLogRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        return note(p, "core:LogRequest");
    }

    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext* p, IHttpEventProvider*) override
    {
        return note(p, "core:EndRequest");
    }

private:
    static REQUEST_NOTIFICATION_STATUS run(IHttpContext* pHttpContext, DWORD dwNotification, BOOL fPost, bool sound)
    {
        if (!sound)
            return note(pHttpContext, "self:somebody else's");
        switch (dwNotification)
        {
        case RQ_BEGIN_REQUEST:
            return note(pHttpContext, fPost ? "self:PostBeginRequest" : "self:BeginRequest");
        case RQ_AUTHENTICATE_REQUEST:
            return note(pHttpContext, "self:AuthenticateRequest");
        case RQ_LOG_REQUEST:
            return note(pHttpContext, "self:LogRequest");
        default:
            return note(pHttpContext, "self:EndRequest");
        }
    }

    static REQUEST_NOTIFICATION_STATUS note(IHttpContext* pHttpContext, PCSTR entry)
    {
        pHttpContext->GetResponse()->SetHeader("X-Order", entry, static_cast<USHORT>(strlen(entry)), FALSE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    const DWORD events = RQ_BEGIN_REQUEST | RQ_AUTHENTICATE_REQUEST | RQ_LOG_REQUEST | RQ_END_REQUEST;
    return registerModule<CNextNotification>(pModuleInfo, events, RQ_BEGIN_REQUEST);
}
