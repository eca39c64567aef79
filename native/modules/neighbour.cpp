// The module that pyiismod check loads before the one it checks. What it does to a request the header X-Check says.
//
// finish: ends it in BEGIN_REQUEST, first of all, so that others hear of it only in SEND_RESPONSE, LOG and END_REQUEST;
// child: executes a child request for /child, which answers the client, and ends it;
// custom: raises a custom notification that nobody else knows.

#include "module.h"

class CNeighboursEvent : public ICustomNotificationProvider
{
public:
    PCWSTR QueryNotificationType() override { return L"pyiismod.check"; }
    void SetErrorStatus(HRESULT) override {}
};

class CNeighbour : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (pHttpContext->GetParentContext())
            return RQ_NOTIFICATION_CONTINUE;
        USHORT length = 0;
        PCSTR wish = pHttpContext->GetRequest()->GetHeader("X-Check", &length);
        if (length == 6 && memcmp(wish, "finish", 6) == 0) {
            pHttpContext->GetResponse()->SetStatus(403, "Forbidden");
            return RQ_NOTIFICATION_FINISH_REQUEST;
        }
        if (length == 6 && memcmp(wish, "custom", 6) == 0) {
            CNeighboursEvent event;
            BOOL fCompletionExpected = FALSE;
            pHttpContext->NotifyCustomNotification(&event, &fCompletionExpected);
        }
        if (length == 5 && memcmp(wish, "child", 5) == 0)
            return executeChild(pHttpContext);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        return release();
    }

private:
    REQUEST_NOTIFICATION_STATUS executeChild(IHttpContext* pHttpContext)
    {
        BOOL fCompletionExpected = FALSE;
        if (FAILED(pHttpContext->CloneContext(CLONE_FLAG_BASICS | CLONE_FLAG_HEADERS, &m_pChild)))
            return RQ_NOTIFICATION_CONTINUE;
        HRESULT hr = m_pChild->GetRequest()->SetUrl(L"/child", 6, TRUE);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, m_pChild, 0, NULL, &fCompletionExpected);
        return SUCCEEDED(hr) && fCompletionExpected ? RQ_NOTIFICATION_PENDING : release();
    }

    REQUEST_NOTIFICATION_STATUS release()
    {
        if (m_pChild)
            m_pChild->ReleaseClonedContext();
        m_pChild = NULL;
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    IHttpContext* m_pChild = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = registerModule<CNeighbour>(pModuleInfo, RQ_BEGIN_REQUEST);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_BEGIN_REQUEST, PRIORITY_ALIAS_FIRST);
    return hr;
}
