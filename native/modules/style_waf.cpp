// A small firewall: first of all modules it looks for "<script" in URL and body, answers 403.1001 where it finds it, and
// otherwise puts the body back for those who come after it.

#include "module.h"

const DWORD LONGEST_BODY = 128 * 1024;

static bool contains(PCSTR text, size_t length, PCSTR wanted)
{
    size_t size = strlen(wanted);
    for (size_t i = 0; i + size <= length; ++i)
    {
        size_t same = 0;
        while (same < size && (text[i + same] | 0x20) == (wanted[same] | 0x20))
            ++same;
        if (same == size)
            return true;
    }
    return false;
}

class CWaf : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        const HTTP_REQUEST* raw = pRequest->GetRawHttpRequest();
        if (contains(raw->pRawUrl, raw->RawUrlLength, "<script"))
            return block(pHttpContext);
        if (pRequest->GetRemainingEntityBytes() == 0)
            return RQ_NOTIFICATION_CONTINUE;

        char* body = static_cast<char*>(pHttpContext->AllocateRequestMemory(LONGEST_BODY));
        DWORD size = 0;
        HRESULT hr = S_OK;
        while (body && size < LONGEST_BODY && SUCCEEDED(hr) && pRequest->GetRemainingEntityBytes())
        {
            DWORD received = 0;
            BOOL pending = FALSE;
            hr = pRequest->ReadEntityBody(body + size, LONGEST_BODY - size, FALSE, &received, &pending);
            size += SUCCEEDED(hr) ? received : 0;
        }
        if (contains(body, size, "<script"))
            return block(pHttpContext);
        if (size)
            pRequest->InsertEntityBody(body, size);
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static REQUEST_NOTIFICATION_STATUS block(IHttpContext* pHttpContext)
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->Clear();
        pResponse->SetStatus(403, "Forbidden", 1001, S_OK, NULL, TRUE);
        pHttpContext->SetRequestHandled();
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = registerModule<CWaf>(pModuleInfo, RQ_BEGIN_REQUEST);
    if (SUCCEEDED(hr))
        hr = pModuleInfo->SetPriorityForRequestNotification(RQ_BEGIN_REQUEST, PRIORITY_ALIAS_FIRST);
    return hr;
}
