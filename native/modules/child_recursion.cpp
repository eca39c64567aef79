// Runs itself as a child of itself until ExecuteRequest refuses. Each level writes the HRESULT that it got, the innermost
// first.

#include "module.h"

class CChildRecursion : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpContext* pChild = NULL;
        BOOL fCompletionExpected = FALSE;
        HRESULT hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS, &pChild);
        if (SUCCEEDED(hr))
        {
            hr = pHttpContext->ExecuteRequest(TRUE, pChild, EXECUTE_FLAG_BUFFER_RESPONSE, NULL, &fCompletionExpected);
            pChild->ReleaseClonedContext();
        }
        Text text;
        text << Hex{static_cast<DWORD>(hr)} << "\n";
        writeBody(pHttpContext->GetResponse(), text.data(), text.length());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChildRecursion>(pModuleInfo, RQ_BEGIN_REQUEST);
}
