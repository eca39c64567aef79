// Maps URLs below /mapped to C:\elsewhere in MAP_PATH. As the handler it answers with its notes of every MAP_PATH, and with
// what MapPath says of /mapped/x.
//
// A line for each: "MapPath /url -> physical path before".

#include "module.h"

class CMapPath : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnMapPath(IHttpContext*, IMapPathProvider* pProvider) override
    {
        PCWSTR url = pProvider->GetUrl();
        m_notes << "MapPath " << url << " -> " << pProvider->GetPhysicalPath() << "\n";
        static const WCHAR prefix[] = L"/mapped/";
        for (size_t i = 0; prefix[i]; ++i)
            if (url[i] != prefix[i])
                return RQ_NOTIFICATION_CONTINUE;
        static const WCHAR elsewhere[] = L"C:\\elsewhere";
        pProvider->SetPhysicalPath(elsewhere, sizeof elsewhere / sizeof *elsewhere - 1);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        WCHAR path[64] = L"";
        DWORD size = sizeof path;
        HRESULT hr = pHttpContext->MapPath(L"/mapped/x", path, &size);
        m_notes << "mapped " << Hex{static_cast<DWORD>(hr)} << " " << path << ", " << size << " bytes\n";
        DWORD length = 0;
        m_notes << "request " << pHttpContext->GetPhysicalPath(&length) << "\n";
        return reply(pHttpContext, m_notes);
    }

private:
    Text m_notes;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CMapPath>(pModuleInfo, RQ_MAP_PATH | RQ_EXECUTE_REQUEST_HANDLER);
}
