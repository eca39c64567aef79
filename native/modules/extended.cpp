// Asks for every later interface, once politely (HttpGetExtendedInterface) and once by a C cast, and uses both answers.
//
// The body has one line per interface: the HRESULT, whether the pointer equals the cast one, and a method's result.

#include "module.h"

static IHttpServer* g_pServer;
static HRESULT g_hrRegistration;

class CExtended : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        text << "IHttpModuleRegistrationInfo2 " << Hex{static_cast<DWORD>(g_hrRegistration)} << "\n";

        ask<IHttpServer2>(text, "IHttpServer2", g_pServer);
        ask<IHttpServer3>(text, "IHttpServer3", g_pServer);
        ask<IHttpRequest2>(text, "IHttpRequest2", pRequest);
        ask<IHttpRequest3>(text, "IHttpRequest3", pRequest);
        ask<IHttpRequest4>(text, "IHttpRequest4", pRequest);
        ask<IHttpResponse2>(text, "IHttpResponse2", pResponse);
        ask<IHttpResponse3>(text, "IHttpResponse3", pResponse);
        ask<IHttpResponse4>(text, "IHttpResponse4", pResponse);
        ask<IHttpContext2>(text, "IHttpContext2", pHttpContext);
        ask<IHttpContext3>(text, "IHttpContext3", pHttpContext);
        ask<IHttpContext4>(text, "IHttpContext4", pHttpContext);

        IHttpContext4* pContext4 = (IHttpContext4*)pHttpContext;
        text << "elapsed " << (pContext4->GetRequestElapsedTime() < 60 * 60 * 1000 ? "plausible" : "absurd") << "\n";
        text << "started " << (pContext4->GetRequestStartTime() <= GetTickCount64() ? "plausible" : "absurd") << "\n";

        const DWORD size = 64;
        void* buffer = pHttpContext->AllocateRequestMemory(size);
        DWORD received = 0;
        HRESULT hr = ((IHttpRequest4*)pRequest)->ReadEntityBody(buffer, size, FALSE, 0u, &received, NULL);
        text << "ReadEntityBody with flags " << Hex{static_cast<DWORD>(hr)} << " " << received << "\n";
        return reply(pHttpContext, text);
    }

private:
    template <class Wanted, class Base> static void ask(Text& text, PCSTR name, Base* pBase)
    {
        Wanted* pWanted = NULL;
        HRESULT hr = HttpGetExtendedInterface(g_pServer, pBase, &pWanted);
        text << name << " " << Hex{static_cast<DWORD>(hr)} << " "
             << (pWanted == (Wanted*)pBase ? "same" : pWanted ? "other" : "null") << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    IHttpModuleRegistrationInfo2* pModuleInfo2 = NULL;
    g_hrRegistration = HttpGetExtendedInterface(pGlobalInfo, pModuleInfo, &pModuleInfo2);
    return registerModule<CExtended>(pModuleInfo, RQ_BEGIN_REQUEST);
}
