// Has two operations under way at once: starts to read the request body and to flush, without EnableFullDuplex; with
// ?reads two reads, after EnableFullDuplex. Waits for both completions.

#include "module.h"

class CBadTwoOperations : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char how[16];
        bool reads = strcmp(queryString(pHttpContext, how), "reads") == 0;
        if (reads)
            static_cast<IHttpContext3*>(pHttpContext)->EnableFullDuplex();
        pHttpContext->GetRequest()->ReadEntityBody(m_first, sizeof m_first, TRUE, NULL, NULL);
        if (reads)
            pHttpContext->GetRequest()->ReadEntityBody(m_second, sizeof m_second, TRUE, NULL, NULL);
        else
            pHttpContext->GetResponse()->Flush(TRUE, TRUE, NULL, NULL);
        return RQ_NOTIFICATION_PENDING;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        if (InterlockedDecrement(&m_left))
            return RQ_NOTIFICATION_PENDING;
        writeBody(pHttpContext->GetResponse(), "both", 4);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    volatile LONG m_left = 2;
    BYTE m_first[16];
    BYTE m_second[16];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadTwoOperations>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
