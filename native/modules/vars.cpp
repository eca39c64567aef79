// Reads the server variables named in the query string (?URL&HTTP_HOST&…), narrow and wide, and lists them in the body.
//
// NAME=VALUE sets a variable first. Each line is "NAME = narrow, length | wide, length" or "NAME = HRESULT | HRESULT".

#include "module.h"

class CVars : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[2048];
        Text text;
        queryString(pHttpContext, query);
        for (char* name = query; *name;)
        {
            char* end = strchr(name, '&');
            char* next = end ? end + 1 : name + strlen(name);
            if (end)
                *end = '\0';
            if (char* value = strchr(name, '='))
            {
                *value = '\0';
                set(pHttpContext, name, value + 1, text);
            }
            show(pHttpContext, name, text);
            name = next;
        }
        return reply(pHttpContext, text);
    }

private:
    static void set(IHttpContext* pHttpContext, PCSTR name, PCSTR value, Text& text)
    {
        WCHAR wide[256];
        size_t length = 0;
        for (; value[length] && length + 1 < sizeof wide / sizeof *wide; ++length)
            wide[length] = static_cast<unsigned char>(value[length]);
        wide[length] = L'\0';
        HRESULT hr = pHttpContext->SetServerVariable(name, wide);
        text << "set " << name << " = " << Hex{static_cast<DWORD>(hr)} << "\n";
    }

    static void show(IHttpContext* pHttpContext, PCSTR name, Text& text)
    {
        PCSTR narrow = "untouched";
        PCWSTR wide = L"untouched";
        DWORD narrowLength = 999;
        DWORD wideLength = 999;
        HRESULT hr = pHttpContext->GetServerVariable(name, &narrow, &narrowLength);
        text << name << " = ";
        result(text, hr, narrow, narrowLength);
        text << " | ";
        hr = pHttpContext->GetServerVariable(name, &wide, &wideLength);
        result(text, hr, wide, wideLength);
        text << "\n";
    }

    template <class String> static void result(Text& text, HRESULT hr, String value, DWORD length)
    {
        if (FAILED(hr))
            text << Hex{static_cast<DWORD>(hr)} << ", ";
        text << value << ", " << length;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CVars>(pModuleInfo, RQ_BEGIN_REQUEST);
}
