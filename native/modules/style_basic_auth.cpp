// Basic authentication with a user object of its own: user "alice" with password "wonderland" gets in, others get 401.2.
//
// The IHttpUser is reference counted and goes to IAuthenticationProvider::SetUser, which takes over the reference. As
// the handler it answers with what IHttpContext::GetUser then says.

#include "module.h"

class CUser : public IHttpUser
{
public:
    PCWSTR GetRemoteUserName() override { return L"alice"; }
    PCWSTR GetUserName() override { return L"alice"; }
    PCWSTR GetAuthenticationType() override { return L"Basic"; }
    PCWSTR GetPassword() override { return L"wonderland"; }
    HANDLE GetImpersonationToken() override { return NULL; }
    HANDLE GetPrimaryToken() override { return NULL; }
    void ReferenceUser() override { __atomic_add_fetch(&m_references, 1, __ATOMIC_RELAXED); }

    void DereferenceUser() override
    {
        if (__atomic_sub_fetch(&m_references, 1, __ATOMIC_ACQ_REL) == 0)
            delete this;
    }

    BOOL SupportsIsInRole() override { return FALSE; }
    HRESULT IsInRole(PCWSTR, BOOL*) override { return E_NOTIMPL; }
    PVOID GetUserVariable(PCSTR) override { return NULL; }

private:
    LONG m_references = 1;
};

class CBasicAuth : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnAuthenticateRequest(IHttpContext* pHttpContext,
                                                      IAuthenticationProvider* pProvider) override
    {
        PCSTR credentials = pHttpContext->GetRequest()->GetHeader(HttpHeaderAuthorization);
        if (credentials && strcmp(credentials, "Basic YWxpY2U6d29uZGVybGFuZA==") == 0)
        {
            pProvider->SetUser(new CUser);
            return RQ_NOTIFICATION_CONTINUE;
        }
        static const char challenge[] = "Basic realm=\"wonderland\"";
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetStatus(401, "Unauthorized", 2, E_ACCESSDENIED);
        pResponse->SetHeader("WWW-Authenticate", challenge, sizeof challenge - 1, TRUE);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpUser* pUser = pHttpContext->GetUser();
        Text text;
        text << "user " << (pUser ? pUser->GetUserName() : NULL);
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBasicAuth>(pModuleInfo, RQ_AUTHENTICATE_REQUEST | RQ_EXECUTE_REQUEST_HANDLER);
}
