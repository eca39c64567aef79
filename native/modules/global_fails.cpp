// Crashes in the global notification that the environment variable IISMOD_FAIL_IN names, OnGlobalApplicationStart or
// OnGlobalStopListening; it hangs there instead if IISMOD_FAIL is "hang".

#include "module.h"

static bool is(PCSTR variable, PCSTR expected)
{
    char value[64] = "";
    GetEnvironmentVariableA(variable, value, sizeof value);
    return strcmp(value, expected) == 0;
}

static GLOBAL_NOTIFICATION_STATUS failIn(PCSTR handler)
{
    if (is("IISMOD_FAIL_IN", handler))
    {
        while (is("IISMOD_FAIL", "hang"))
            Sleep(1000);
        volatile UINT_PTR nowhere = 0x18;
        *reinterpret_cast<volatile int*>(nowhere) = 0;
    }
    return GL_NOTIFICATION_CONTINUE;
}

class CGlobalFails : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider*) override
    {
        return failIn("OnGlobalApplicationStart");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalStopListening(IGlobalStopListeningProvider*) override
    {
        return failIn("OnGlobalStopListening");
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetGlobalNotifications(new CGlobalFails, GL_APPLICATION_START | GL_STOP_LISTENING);
}
