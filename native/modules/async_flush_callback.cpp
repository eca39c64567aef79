// Streams with IHttpResponse2::Flush, whose completions go to a routine of the module's: "0 1 2 …", ?N is the last number.
//
// OnAsyncCompletion is not overridden: it would break into the debugger.

#include "module.h"
#include <stdlib.h>

class CAsyncFlushCallback : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char last[16];
        m_last = strtoul(queryString(pHttpContext, last), NULL, 10);
        pHttpContext->GetResponse()->Clear();
        return stream(pHttpContext);
    }

private:
    static REQUEST_NOTIFICATION_STATUS WINAPI flushed(IHttpContext3* pHttpContext, IHttpCompletionInfo2* pCompletionInfo,
                                                      void* pvCompletionContext)
    {
        if (FAILED(pCompletionInfo->GetCompletionStatus()) || pCompletionInfo->GetCompletionBytes() == 0)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return static_cast<CAsyncFlushCallback*>(pvCompletionContext)->stream(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS stream(IHttpContext* pHttpContext)
    {
        IHttpResponse2* pResponse = static_cast<IHttpResponse2*>(pHttpContext->GetResponse());
        while (m_next <= m_last)
        {
            Text piece;
            piece << m_next++ << " ";
            writeBody(pResponse, piece.data(), piece.length());
            DWORD cbSent = 0;
            BOOL fExpected = FALSE;
            if (FAILED(pResponse->Flush(TRUE, TRUE, flushed, this, &cbSent, &fExpected)))
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
    return registerModule<CAsyncFlushCallback>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
