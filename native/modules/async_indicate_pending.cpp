// Calls IndicateCompletion with PENDING from a thread of its own: OnAsyncCompletion is then called inside of that call.
//
// The response says "on the same thread, inside the call, N bytes, 0x…"; ?twice does it once more from there.

#include "own_thread.h"

class CAsyncIndicatePending : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[16];
        m_left = strcmp(queryString(pHttpContext, how), "twice") == 0 ? 2 : 1;
        m_context = pHttpContext;
        OwnThread<CAsyncIndicatePending>::start(this);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        if (--m_left)
            return RQ_NOTIFICATION_PENDING;
        Text text;
        text << "on " << (GetCurrentThreadId() == m_thread ? "the same" : "another") << " thread, "
             << (m_inside ? "inside" : "outside") << " the call, " << pCompletionInfo->GetCompletionBytes() << " bytes, "
             << Hex{static_cast<DWORD>(pCompletionInfo->GetCompletionStatus())};
        return reply(pHttpContext, text);
    }

    void work()
    {
        Sleep(5);
        m_thread = GetCurrentThreadId();
        m_inside = true;
        IHttpContext* pHttpContext = m_context;
        for (int left = m_left; left; --left)
            pHttpContext->IndicateCompletion(RQ_NOTIFICATION_PENDING);
    }

private:
    IHttpContext* m_context = NULL;
    int m_left = 0;
    DWORD m_thread = 0;
    bool m_inside = false;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncIndicatePending>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
