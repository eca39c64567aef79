// Sets priorities in each way there is: one bit, a mask of several bits, a global event, and post halves.
//
// BEGIN_REQUEST FIRST; AUTHENTICATE and AUTHORIZE HIGH; SEND_RESPONSE LAST; END_REQUEST LOW, its post half FIRST;
// GL_APPLICATION_START HIGH. RegisterModule fails with the first failure.

#include "module.h"

class CPriorities : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override { return go(); }
    REQUEST_NOTIFICATION_STATUS OnAuthenticateRequest(IHttpContext*, IAuthenticationProvider*) override { return go(); }
    REQUEST_NOTIFICATION_STATUS OnAuthorizeRequest(IHttpContext*, IHttpEventProvider*) override { return go(); }
    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext*, IHttpEventProvider*) override { return go(); }
    REQUEST_NOTIFICATION_STATUS OnPostEndRequest(IHttpContext*, IHttpEventProvider*) override { return go(); }
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext*, ISendResponseProvider*) override { return go(); }

private:
    static REQUEST_NOTIFICATION_STATUS go() { return RQ_NOTIFICATION_CONTINUE; }
};

class CPrioritiesGlobal : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider*) override
    {
        return GL_NOTIFICATION_CONTINUE;
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    const DWORD events = RQ_BEGIN_REQUEST | RQ_AUTHENTICATE_REQUEST | RQ_AUTHORIZE_REQUEST | RQ_END_REQUEST;
    HRESULT hr = registerModule<CPriorities>(pModuleInfo, events | RQ_SEND_RESPONSE, RQ_END_REQUEST);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetGlobalNotifications(new CPrioritiesGlobal, GL_APPLICATION_START);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_BEGIN_REQUEST, PRIORITY_ALIAS_FIRST);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_AUTHENTICATE_REQUEST | RQ_AUTHORIZE_REQUEST,
                                                            PRIORITY_ALIAS_HIGH);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_SEND_RESPONSE, PRIORITY_ALIAS_LAST);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_END_REQUEST, PRIORITY_ALIAS_LOW);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForGlobalNotification(GL_APPLICATION_START, PRIORITY_ALIAS_HIGH);
    IHttpModuleRegistrationInfo2* pModuleInfo2 = NULL;
    if (SUCCEEDED(hr))
        hr = HttpGetExtendedInterface(pGlobalInfo, pModuleInfo, &pModuleInfo2);
    if (SUCCEEDED(hr))
        hr = pModuleInfo2->SetPriorityForPostRequestNotification(RQ_END_REQUEST, PRIORITY_ALIAS_FIRST);
    return hr;
}
