// A URL rewriter: before the pipeline begins it turns /friendly/NAME into /index.html?name=NAME and keeps the original
// URL in the server variable HTTP_X_ORIGINAL_URL. Works in GL_PRE_BEGIN_REQUEST, the only place where SetUrl is safe.

#include "module.h"

static const WCHAR g_prefix[] = L"/friendly/";
const size_t PREFIX_LENGTH = sizeof g_prefix / sizeof *g_prefix - 1;

class CRewriter : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalPreBeginRequest(IPreBeginRequestProvider* pProvider) override
    {
        IHttpContext* pHttpContext = pProvider->GetHttpContext();
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        const HTTP_COOKED_URL& url = pRequest->GetRawHttpRequest()->CookedUrl;
        size_t length = url.AbsPathLength / sizeof(WCHAR);
        if (length <= PREFIX_LENGTH || memcmp(url.pAbsPath, g_prefix, sizeof g_prefix - sizeof(WCHAR)) != 0)
            return GL_NOTIFICATION_CONTINUE;

        WCHAR original[512];
        WCHAR rewritten[512] = L"/index.html?name=";
        copy(original, 0, url.pAbsPath, length);
        copy(rewritten, wcslen(rewritten), url.pAbsPath + PREFIX_LENGTH, length - PREFIX_LENGTH);
        pHttpContext->SetServerVariable("HTTP_X_ORIGINAL_URL", original);
        pRequest->SetUrl(rewritten, static_cast<DWORD>(wcslen(rewritten)), TRUE);
        return GL_NOTIFICATION_CONTINUE;
    }

    void Terminate() override { delete this; }

private:
    template <size_t Size> static void copy(WCHAR (&target)[Size], size_t at, PCWSTR text, size_t length)
    {
        for (size_t i = 0; i < length && at + 1 < Size; ++i)
            target[at++] = text[i];
        target[at] = L'\0';
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetGlobalNotifications(new CRewriter, GL_PRE_BEGIN_REQUEST);
}
