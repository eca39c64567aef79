// Streams: writes "0 ", flushes asynchronously, writes "1 " when that has completed, and so on; ?N is the last number.
//
// A chain of N completions, each started in OnAsyncCompletion of the one before.

#include "module.h"
#include <stdlib.h>

class CAsyncFlush : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char last[16];
        m_last = strtoul(queryString(pHttpContext, last), NULL, 10);
        pHttpContext->GetResponse()->Clear();
        return stream(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        if (FAILED(pCompletionInfo->GetCompletionStatus()))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return stream(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS stream(IHttpContext* pHttpContext)
    {
        while (m_next <= m_last)
        {
            Text piece;
            piece << m_next++ << " ";
            writeBody(pHttpContext->GetResponse(), piece.data(), piece.length());
            DWORD cbSent = 0;
            BOOL fExpected = FALSE;
            if (FAILED(pHttpContext->GetResponse()->Flush(TRUE, TRUE, &cbSent, &fExpected)))
                break;
            if (fExpected)
                return RQ_NOTIFICATION_PENDING;
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    DWORD m_last = 0;
    DWORD m_next = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncFlush>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
