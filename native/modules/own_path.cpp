// Finds its own DLL and answers with the DLL's path and the current directory, in UTF-8.

#include "module.h"

static char g_anchor;

class COwnPath : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        WCHAR path[1024] = L"";
        HMODULE self = NULL;
        const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        if (GetModuleHandleExA(flags, &g_anchor, &self) && GetModuleFileNameW(self, path, sizeof path / sizeof *path))
            line(text, path);
        if (GetCurrentDirectoryW(sizeof path / sizeof *path, path))
            line(text, path);
        return reply(pHttpContext, text);
    }

private:
    static void line(Text& text, PCWSTR path)
    {
        char narrow[3072];
        if (WideCharToMultiByte(CP_UTF8, 0, path, -1, narrow, sizeof narrow, NULL, NULL))
            text << narrow << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<COwnPath>(pModuleInfo, RQ_BEGIN_REQUEST);
}
