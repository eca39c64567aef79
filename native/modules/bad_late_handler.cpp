// Keeps the provider of MAP_REQUEST_HANDLER and sets the handler when that has run.

#include "module.h"

class CLateHandler : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnMapRequestHandler(IHttpContext* pHttpContext, IMapHandlerProvider* pProvider) override
    {
        m_pProvider = pProvider;
        m_pScriptMap = pHttpContext->GetScriptMap();
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnReleaseRequestState(IHttpContext*, IHttpEventProvider*) override
    {
        if (m_pProvider && m_pScriptMap)
            m_pProvider->SetScriptMap(m_pScriptMap);
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    IMapHandlerProvider* m_pProvider = NULL;
    IScriptMapInfo* m_pScriptMap = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLateHandler>(pModuleInfo, RQ_MAP_REQUEST_HANDLER | RQ_RELEASE_REQUEST_STATE);
}
