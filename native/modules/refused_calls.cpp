// Calls methods that a partial host may refuse and checks each refusal: a failure HRESULT, out values untouched.
//
// The body has one line per method: "Method 0x80004001 untouched", or "S_OK" or "touched" where the host went wrong.

#include "module.h"

static IHttpServer* g_pServer;

class CRefusedCalls : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        HRESULT hr;
        {
            IWorkerProcessFramework* out = untouched<IWorkerProcessFramework>();
            hr = static_cast<IHttpServer2*>(g_pServer)->GetWorkerProcessFramework(&out);
            tell(text, "IHttpServer2::GetWorkerProcessFramework", hr, out);
        }
        {
            void* out = untouched<void>();
            hr = pHttpContext->GetExtendedInterface(static_cast<HTTP_CONTEXT_INTERFACE_VERSION>(0), &out);
            tell(text, "IHttpContext::GetExtendedInterface", hr, out);
        }
        {
            IHttpFileInfo* out = untouched<IHttpFileInfo>();
            hr = g_pServer->GetFileInfo(L"C:\\no\\such\\file", NULL, NULL, NULL, NULL, FALSE, &out);
            tell(text, "IHttpServer::GetFileInfo", hr, out);
        }
        {
            void* out = untouched<void>();
            hr = g_pServer->GetProtocolManagerCustomInterface(L"none.dll", L"Init", 1, &out);
            tell(text, "IHttpServer::GetProtocolManagerCustomInterface", hr, out);
        }
        {
            HTTP_SSL_CLIENT_CERT_INFO* out = untouched<HTTP_SSL_CLIENT_CERT_INFO>();
            BOOL negotiated = FALSE;
            hr = pHttpContext->GetRequest()->GetClientCertificate(&out, &negotiated);
            tell(text, "IHttpRequest::GetClientCertificate", hr, out);
        }
        return reply(pHttpContext, text);
    }

private:
    template <class T> static T* untouched() { return reinterpret_cast<T*>(UINT_PTR{0x5EED}); }

    static void tell(Text& text, PCSTR method, HRESULT hr, const void* out)
    {
        text << method << " " << Hex{static_cast<DWORD>(hr)} << (SUCCEEDED(hr) ? " S_OK" : "")
             << (out == untouched<void>() ? " untouched\n" : " touched\n");
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pGlobalInfo)
{
    g_pServer = pGlobalInfo;
    return registerModule<CRefusedCalls>(pModuleInfo, RQ_BEGIN_REQUEST);
}
