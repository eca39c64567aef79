// A monitoring agent: notes when a request began in a stored context, counts its notifications, and reports at the end.
//
// END_REQUEST writes "apm: GET /path 200 N notifications" to OutputDebugString; CleanupStoredContext says "apm: cleaned".

#include "module.h"

static HTTP_MODULE_ID g_id;

class CTiming : public IHttpStoredContext
{
public:
    void CleanupStoredContext() override
    {
        OutputDebugStringA("apm: cleaned\n");
        delete this;
    }

    ULONGLONG m_started = GetTickCount64();
    DWORD m_notifications = 0;
};

class CApm : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        CTiming* pTiming = new CTiming;
        IHttpModuleContextContainer* pContainer = pHttpContext->GetModuleContextContainer();
        if (!pContainer || FAILED(pContainer->SetModuleContext(pTiming, g_id)))
            pTiming->CleanupStoredContext();
        return count(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnPostBeginRequest(IHttpContext* p, IHttpEventProvider*) override { return count(p); }
    REQUEST_NOTIFICATION_STATUS OnMapRequestHandler(IHttpContext* p, IMapHandlerProvider*) override { return count(p); }

    REQUEST_NOTIFICATION_STATUS OnPostExecuteRequestHandler(IHttpContext* p, IHttpEventProvider*) override
    {
        return count(p);
    }

    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* p, ISendResponseProvider*) override { return count(p); }

    REQUEST_NOTIFICATION_STATUS OnEndRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        count(pHttpContext);
        USHORT status = 0;
        pHttpContext->GetResponse()->GetStatus(&status);
        CTiming* pTiming = timing(pHttpContext);
        const HTTP_REQUEST* raw = pHttpContext->GetRequest()->GetRawHttpRequest();
        Text text;
        text << "apm: " << pHttpContext->GetRequest()->GetHttpMethod() << " ";
        text.append(raw->pRawUrl, raw->RawUrlLength) << " " << int(status) << " ";
        if (pTiming)
            text << pTiming->m_notifications << " notifications\n";
        else
            text << "without a beginning\n";
        OutputDebugStringA(text.data());
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static CTiming* timing(IHttpContext* pHttpContext)
    {
        IHttpModuleContextContainer* pContainer = pHttpContext->GetModuleContextContainer();
        return pContainer ? static_cast<CTiming*>(pContainer->GetModuleContext(g_id)) : NULL;
    }

    static REQUEST_NOTIFICATION_STATUS count(IHttpContext* pHttpContext)
    {
        if (CTiming* pTiming = timing(pHttpContext))
            pTiming->m_notifications++;
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_id = pModuleInfo->GetId();
    const DWORD events = RQ_BEGIN_REQUEST | RQ_MAP_REQUEST_HANDLER | RQ_END_REQUEST | RQ_SEND_RESPONSE;
    return registerModule<CApm>(pModuleInfo, events, RQ_BEGIN_REQUEST | RQ_EXECUTE_REQUEST_HANDLER);
}
