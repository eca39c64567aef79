// A child request that ends inside ExecuteRequest: the query string is the execute flags as a number. The parent writes
// "before ", runs itself once more as a child, and writes " after".

#include "module.h"

class CChildSync : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpContext* pParent = pHttpContext->GetParentContext();
        return pParent ? child(pHttpContext, pParent) : parent(pHttpContext);
    }

private:
    static REQUEST_NOTIFICATION_STATUS parent(IHttpContext* pHttpContext)
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetHeader("X-Parent", "1", 1, TRUE);
        char flags[16];
        writeText(pResponse, "before ");
        IHttpContext* pChild = NULL;
        BOOL fCompletionExpected = TRUE;
        HRESULT hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS | CLONE_FLAG_HEADERS | CLONE_FLAG_ENTITY, &pChild);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, pChild, number(queryString(pHttpContext, flags)), NULL,
                                              &fCompletionExpected);
        if (FAILED(hr) || fCompletionExpected)
            pResponse->SetStatus(500, "The child did not end at once", 0, hr);
        writeText(pResponse, " after");
        if (pChild)
            pChild->ReleaseClonedContext();
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    static REQUEST_NOTIFICATION_STATUS child(IHttpContext* pHttpContext, IHttpContext* pParent)
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        pResponse->SetHeader("X-Child", "1", 1, TRUE);
        Text text;
        text << "child " << pHttpContext->GetExecuteFlags()
             << (pHttpContext->GetRootContext() == pParent ? " of the root" : " of another");
        writeBody(pResponse, text.data(), text.length());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    static void writeText(IHttpResponse* pResponse, PCSTR text)
    {
        writeBody(pResponse, text, static_cast<DWORD>(strlen(text)));
    }

    static DWORD number(PCSTR digits)
    {
        DWORD value = 0;
        for (; *digits; ++digits)
            value = value * 10 + static_cast<DWORD>(*digits - '0');
        return value;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChildSync>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
