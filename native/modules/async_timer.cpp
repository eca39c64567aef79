// Returns PENDING from BEGIN_REQUEST and completes it from a timer 5 ms later, as a time-out or a throttle does.
//
// The response says "N bytes by the timer", N being what the timer posted.

#include "module.h"

static HANDLE g_timers;

class CAsyncTimer : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        HANDLE timer;
        if (!CreateTimerQueueTimer(&timer, g_timers, fired, pHttpContext, 5, 0, WT_EXECUTEONLYONCE))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        Text text;
        text << pCompletionInfo->GetCompletionBytes() << " bytes by the timer";
        return reply(pHttpContext, text);
    }

private:
    static void WINAPI fired(void* pvHttpContext, BYTE)
    {
        static_cast<IHttpContext*>(pvHttpContext)->PostCompletion(1234);
    }
};

class CAsyncTimerFactory : public ModuleFactory<CAsyncTimer>
{
public:
    void Terminate() override
    {
        DeleteTimerQueueEx(g_timers, INVALID_HANDLE_VALUE);
        delete this;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    g_timers = CreateTimerQueue();
    return pModuleInfo->SetRequestNotifications(new CAsyncTimerFactory, RQ_BEGIN_REQUEST, 0);
}
