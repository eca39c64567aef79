// Registers a CGlobalModule only, for application start and stop, configuration change and stop listening.
//
// Each global notification and Terminate write a line to OutputDebugString: "global_events: ApplicationStart", …

#include "module.h"

class CGlobalEvents : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStart(IHttpApplicationStartProvider*) override
    {
        return say("ApplicationStart");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalApplicationStop(IHttpApplicationStopProvider*) override
    {
        return say("ApplicationStop");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalConfigurationChange(IGlobalConfigurationChangeProvider*) override
    {
        return say("ConfigurationChange");
    }

    GLOBAL_NOTIFICATION_STATUS OnGlobalStopListening(IGlobalStopListeningProvider*) override
    {
        return say("StopListening");
    }

    void Terminate() override
    {
        say("Terminate");
        delete this;
    }

private:
    static GLOBAL_NOTIFICATION_STATUS say(PCSTR what)
    {
        Text text;
        text << "global_events: " << what << "\n";
        OutputDebugStringA(text.data());
        return GL_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    const DWORD events = GL_APPLICATION_START | GL_APPLICATION_STOP | GL_CONFIGURATION_CHANGE | GL_STOP_LISTENING;
    return pModuleInfo->SetGlobalNotifications(new CGlobalEvents, events);
}
