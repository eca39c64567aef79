// Raises custom notifications: "Example.Event", which custom_listener knows, and "example.event", which nobody knows.
//
// The response says what the listeners noted.

#include "custom.h"

class CCustomRaiser : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        raise(pHttpContext, g_example, text);
        raise(pHttpContext, L"example.event", text);
        return reply(pHttpContext, text);
    }

private:
    static void raise(IHttpContext* pHttpContext, PCWSTR type, Text& text)
    {
        CExampleProvider provider(type);
        BOOL fCompletionExpected = TRUE;
        HRESULT hr = pHttpContext->NotifyCustomNotification(&provider, &fCompletionExpected);
        text << type << " " << Hex{static_cast<DWORD>(hr)} << " " << fCompletionExpected << ": " << provider.m_notes.data()
             << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCustomRaiser>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
