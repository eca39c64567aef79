// Forgets to release the contexts that it clones: one that it executed, and one that it did not.

#include "module.h"

class CChildLeak : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (pHttpContext->GetParentContext())
            return RQ_NOTIFICATION_FINISH_REQUEST;
        IHttpContext* pExecuted = NULL;
        IHttpContext* pUnused = NULL;
        BOOL fCompletionExpected = FALSE;
        pHttpContext->CloneContext(CLONE_FLAG_BASICS, &pExecuted);
        pHttpContext->CloneContext(CLONE_FLAG_BASICS, &pUnused);
        if (pExecuted)
            pHttpContext->ExecuteRequest(TRUE, pExecuted, EXECUTE_FLAG_BUFFER_RESPONSE, NULL, &fCompletionExpected);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChildLeak>(pModuleInfo, RQ_BEGIN_REQUEST);
}
