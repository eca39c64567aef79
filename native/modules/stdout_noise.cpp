// Writes to everything that is not a response, in every phase: printf, stderr, WriteFile to the standard handles,
// OutputDebugStringA and OutputDebugStringW. Then answers "quiet".

#include "module.h"
#include <stdio.h>

static void shout(PCSTR phase)
{
    printf("printf in %s\n", phase);
    fprintf(stderr, "stderr in %s\n", phase);
    fflush(stdout);

    Text text;
    text << "WriteFile in " << phase << "\n";
    DWORD written = 0;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text.data(), text.length(), &written, NULL);
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text.data(), text.length(), &written, NULL);

    Text debug;
    debug << "OutputDebugStringA in " << phase << "\n";
    OutputDebugStringA(debug.data());
    OutputDebugStringW(L"OutputDebugStringW: gr\u00FC\u00DFe \u4F60\u597D\n");
}

class CNoise : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        shout("OnBeginRequest");
        Text text;
        text << "quiet";
        return reply(pHttpContext, text);
    }

    void Dispose() override
    {
        shout("Dispose");
        delete this;
    }
};

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*)
{
    if (reason == DLL_PROCESS_ATTACH)
        shout("DllMain");
    return TRUE;
}

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    shout("RegisterModule");
    return registerModule<CNoise>(pModuleInfo, RQ_BEGIN_REQUEST);
}
