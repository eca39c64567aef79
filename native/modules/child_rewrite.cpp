// A rewriter of the kind that may work at any time: it runs a clone with another URL, and the client gets its answer.
// /old/REST is answered by /REST; the original URL goes along in the server variable ORIGINAL_URL.

#include "module.h"

static const WCHAR g_prefix[] = L"/old/";
const size_t PREFIX_LENGTH = sizeof g_prefix / sizeof *g_prefix - 1;

class CChildRewrite : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const HTTP_COOKED_URL& url = pHttpContext->GetRequest()->GetRawHttpRequest()->CookedUrl;
        size_t length = url.AbsPathLength / sizeof(WCHAR);
        if (length <= PREFIX_LENGTH || memcmp(url.pAbsPath, g_prefix, sizeof g_prefix - sizeof(WCHAR)) != 0)
            return RQ_NOTIFICATION_CONTINUE;

        IHttpContext* pChild = NULL;
        BOOL fCompletionExpected = FALSE;
        PCWSTR original = NULL;
        DWORD cchOriginal = 0;
        HRESULT hr = pHttpContext->GetServerVariable("URL", &original, &cchOriginal);
        if (SUCCEEDED(hr))
            hr = pHttpContext->SetServerVariable("ORIGINAL_URL", original);
        if (SUCCEEDED(hr))
            hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS | CLONE_FLAG_HEADERS | CLONE_FLAG_SERVER_VARIABLE, &pChild);
        if (SUCCEEDED(hr))
            hr = pChild->GetRequest()->SetUrl(url.pAbsPath + PREFIX_LENGTH - 1, static_cast<DWORD>(length - PREFIX_LENGTH + 1),
                                              FALSE);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, pChild, 0, pHttpContext->GetUser(), &fCompletionExpected);
        if (pChild)
            pChild->ReleaseClonedContext();
        if (FAILED(hr))
            pHttpContext->GetResponse()->SetStatus(500, "Server Error", 0, hr);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider*) override
    {
        PCSTR original = NULL;
        DWORD cchOriginal = 0;
        if (SUCCEEDED(pHttpContext->GetServerVariable("ORIGINAL_URL", &original, &cchOriginal)))
            pHttpContext->GetResponse()->SetHeader("X-Original-Url", original, static_cast<USHORT>(cchOriginal), TRUE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChildRewrite>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_SEND_RESPONSE);
}
