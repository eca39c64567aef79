// Writes "0 1 2 …" without buffering with IHttpResponse2::WriteEntityChunks, whose completions go to a routine of the
// module's. ?N is the last number.
//
// OnAsyncCompletion is not overridden: it would break into the debugger.

#include "module.h"
#include <stdlib.h>

class CAsyncWriteCallback : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char last[16];
        m_last = strtoul(queryString(pHttpContext, last), NULL, 10);
        pHttpContext->GetResponse()->Clear();
        pHttpContext->GetResponse()->DisableBuffering();
        return write(pHttpContext);
    }

private:
    static REQUEST_NOTIFICATION_STATUS WINAPI written(IHttpContext3* pHttpContext, IHttpCompletionInfo2* pCompletionInfo,
                                                      void* pvCompletionContext)
    {
        if (FAILED(pCompletionInfo->GetCompletionStatus()))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return static_cast<CAsyncWriteCallback*>(pvCompletionContext)->write(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS write(IHttpContext* pHttpContext)
    {
        IHttpResponse2* pResponse = static_cast<IHttpResponse2*>(pHttpContext->GetResponse());
        while (m_next <= m_last)
        {
            m_piece = Text();
            m_piece << m_next++ << " ";
            m_chunk.DataChunkType = HttpDataChunkFromMemory;
            m_chunk.FromMemory.pBuffer = const_cast<char*>(m_piece.data());
            m_chunk.FromMemory.BufferLength = m_piece.length();
            DWORD cbSent = 0;
            BOOL fExpected = FALSE;
            if (FAILED(pResponse->WriteEntityChunks(&m_chunk, 1, TRUE, TRUE, written, this, &cbSent, &fExpected)))
                break;
            if (fExpected)
                return RQ_NOTIFICATION_PENDING;
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    Text m_piece;
    HTTP_DATA_CHUNK m_chunk = {};
    DWORD m_last = 0;
    DWORD m_next = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncWriteCallback>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
