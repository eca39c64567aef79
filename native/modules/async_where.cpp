// Tells when and where its completion came: "the same thread, after the call", or before the PostCompletion that started
// it has returned: "another thread, during the call".

#include "module.h"

static volatile LONG g_calling;  // not in the object, which may be gone when the call returns

class CAsyncWhere : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        m_thread = GetCurrentThreadId();
        InterlockedIncrement(&g_calling);
        pHttpContext->PostCompletion(0);
        InterlockedDecrement(&g_calling);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        Text text;
        text << (GetCurrentThreadId() == m_thread ? "the same" : "another") << " thread, "
             << (g_calling ? "during" : "after") << " the call";
        return reply(pHttpContext, text);
    }

private:
    DWORD m_thread = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncWhere>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
