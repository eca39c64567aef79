// Uses COM on the request thread without initialising it: works where the host's threads are in the MTA.
//
// OLEAUT32 and WS2_32 are imported by ordinal in the msvc build, as MSVC's import libraries do.

#include "module.h"
#include <objbase.h>
#include <oleauto.h>
#include <winsock2.h>

// StdGlobalInterfaceTable: implemented by COM itself, so that nothing needs to be registered.
static const CLSID CLSID_Table = {0x00000323, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const IID IID_Unknown = {0x00000000, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

class CComUser : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        IUnknown* pUnknown = NULL;
        HRESULT hr = CoCreateInstance(CLSID_Table, NULL, CLSCTX_INPROC_SERVER, IID_Unknown, (void**)&pUnknown);
        text << "CoCreateInstance " << Hex{static_cast<DWORD>(hr)} << "\n";
        if (pUnknown)
            pUnknown->Release();

        BSTR name = SysAllocString(L"a string of OLE");
        text << "SysStringLen " << SysStringLen(name) << "\n";
        SysFreeString(name);
        text << "htons " << Hex{htons(0x1234)} << "\n";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CComUser>(pModuleInfo, RQ_BEGIN_REQUEST);
}
