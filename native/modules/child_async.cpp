// A child request that waits for a thread: the parent returns PENDING, is told of the child's end in OnAsyncCompletion,
// and releases it there. ?forget: the parent goes on without waiting.

#include "module.h"

class CChildAsync : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        if (pHttpContext->GetParentContext())
        {
            CloseHandle(CreateThread(NULL, 0, work, pHttpContext, 0, NULL));
            return RQ_NOTIFICATION_PENDING;
        }
        char how[8];
        BOOL fCompletionExpected = FALSE;
        HRESULT hr = pHttpContext->CloneContext(CLONE_FLAG_BASICS, &m_child);
        if (SUCCEEDED(hr))
            hr = pHttpContext->ExecuteRequest(TRUE, m_child, EXECUTE_FLAG_BUFFER_RESPONSE, NULL, &fCompletionExpected);
        if (FAILED(hr))
            pHttpContext->GetResponse()->SetStatus(500, "No child", 0, hr);
        if (strcmp(queryString(pHttpContext, how), "forget") == 0)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return SUCCEEDED(hr) && fCompletionExpected ? RQ_NOTIFICATION_PENDING : RQ_NOTIFICATION_FINISH_REQUEST;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        Text text;
        text << (pHttpContext->GetParentContext() ? "child: " : "parent: ") << pCompletionInfo->GetCompletionBytes()
             << " bytes, " << Hex{static_cast<DWORD>(pCompletionInfo->GetCompletionStatus())} << "\n";
        writeBody(pHttpContext->GetResponse(), text.data(), text.length());
        if (m_child && FAILED(m_child->ReleaseClonedContext()))
            pHttpContext->GetResponse()->SetStatus(500, "Not released");
        m_child = NULL;
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static DWORD WINAPI work(void* argument)
    {
        Sleep(20);
        static_cast<IHttpContext*>(argument)->PostCompletion(42);
        return 0;
    }

    IHttpContext* m_child = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChildAsync>(pModuleInfo, RQ_BEGIN_REQUEST);
}
