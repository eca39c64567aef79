// Chooses the handler in MAP_REQUEST_HANDLER: maps "/chosen.x" for a path that ends in ".y", takes its script map, and
// gives the request another script name and another file. Says afterwards what the request knows of them.

#include "module.h"

class CHandlerChooser : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnMapRequestHandler(IHttpContext* pHttpContext, IMapHandlerProvider* pProvider) override
    {
        IScriptMapInfo* pBefore = pHttpContext->GetScriptMap();
        m_text << "before " << (pBefore ? pBefore->GetName() : L"nothing") << "\n";
        IScriptMapInfo* pChosen = NULL;
        HRESULT hr = pHttpContext->MapHandler(1, L"Default Web Site", L"/chosen.x", "GET", &pChosen);
        m_text << "map " << Hex{static_cast<DWORD>(hr)} << " " << (pChosen ? pChosen->GetName() : L"nothing") << "\n";
        if (SUCCEEDED(hr) && pChosen)
            pProvider->SetScriptMap(pChosen);
        m_text << "script " << Hex{static_cast<DWORD>(pProvider->SetScriptName(L"/script.x", 9))} << " "
               << pHttpContext->GetScriptName() << "\n";
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IScriptMapInfo* pMap = pHttpContext->GetScriptMap();
        DWORD length = 0;
        PCWSTR modules = pMap->GetModules(&length);
        m_text << "handler " << pMap->GetName() << " of " << modules << " " << length << ", verbs " << pMap->GetAllowedVerbs()
               << ", limit " << pMap->GetResponseBufferLimit() << "\n";
        return reply(pHttpContext, m_text);
    }

private:
    Text m_text;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CHandlerChooser>(pModuleInfo, RQ_MAP_REQUEST_HANDLER | RQ_EXECUTE_REQUEST_HANDLER);
}
