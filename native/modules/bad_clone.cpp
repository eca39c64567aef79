// Writes to the response of a clone that it has not executed.

#include "module.h"

class CClone : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpContext* pClone = NULL;
        DWORD cbSent = 0;
        if (pHttpContext->GetParentContext() == NULL && SUCCEEDED(pHttpContext->CloneContext(CLONE_FLAG_BASICS, &pClone))) {
            pClone->GetResponse()->Flush(FALSE, TRUE, &cbSent);
            pClone->ReleaseClonedContext();
        }
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CClone>(pModuleInfo, RQ_BEGIN_REQUEST);
}
