// Posts a completion from Dispose, when no notification waits for one.

#include "module.h"

class CPostsAtEnd : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        m_pHttpContext = pHttpContext;
        return RQ_NOTIFICATION_CONTINUE;
    }

    void Dispose() override
    {
        m_pHttpContext->PostCompletion(0);
        delete this;
    }

private:
    IHttpContext* m_pHttpContext = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CPostsAtEnd>(pModuleInfo, RQ_BEGIN_REQUEST);
}
