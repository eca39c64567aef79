// Server-side includes: answers *.inc with a page made of parts. The query string names files, separated by "+"; each is
// fetched by a child request without headers, one after the other, whether it ends at once or not.

#include "module.h"

class CInclude : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        DWORD cchPath = 0;
        PCWSTR path = pHttpContext->GetScriptName(&cchPath);
        if (pHttpContext->GetParentContext() || cchPath < 4 || memcmp(path + cchPath - 4, L".inc", 4 * sizeof(WCHAR)) != 0)
            return RQ_NOTIFICATION_CONTINUE;
        queryString(pHttpContext, m_names);
        m_next = m_names;
        pHttpContext->GetResponse()->SetHeader(HttpHeaderContentType, "text/html", 9, TRUE);
        return includeRest(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        m_child->ReleaseClonedContext();
        return includeRest(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS includeRest(IHttpContext* pHttpContext)
    {
        while (*m_next)
        {
            BOOL fCompletionExpected = FALSE;
            HRESULT hr = include(pHttpContext, &fCompletionExpected);
            if (SUCCEEDED(hr) && fCompletionExpected)
                return RQ_NOTIFICATION_PENDING;
            if (m_child)
                m_child->ReleaseClonedContext();
            if (FAILED(hr))
            {
                pHttpContext->GetResponse()->SetStatus(500, "Server Error", 0, hr);
                break;
            }
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    HRESULT include(IHttpContext* pHttpContext, BOOL* pfCompletionExpected)
    {
        char url[64] = "/";
        size_t length = 1;
        for (; *m_next && *m_next != '+'; ++m_next)
            if (length + 1 < sizeof url)
                url[length++] = *m_next;
        if (*m_next)
            ++m_next;

        Text heading;
        heading << "<h1>" << url << "</h1>";
        writeBody(pHttpContext->GetResponse(), heading.data(), heading.length());
        m_child = NULL;
        HRESULT hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS | CLONE_FLAG_HEADERS | CLONE_FLAG_NO_PRECONDITION, &m_child);
        if (SUCCEEDED(hr))
            hr = m_child->GetRequest()->SetUrl(url, static_cast<DWORD>(length), TRUE);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, m_child, EXECUTE_FLAG_NO_HEADERS, NULL, pfCompletionExpected);
        return hr;
    }

    IHttpContext* m_child = NULL;
    PCSTR m_next = NULL;
    char m_names[256] = "";
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CInclude>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
