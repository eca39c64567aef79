// Writes "0 1 2 …" without buffering, asynchronously: each piece lives on the heap until its completion has come, and is
// overwritten and freed then. ?N is the last number.

#include "module.h"
#include <stdlib.h>

class CAsyncWrite : public CHttpModule
{
public:
    ~CAsyncWrite() { forget(); }

    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char last[16];
        m_last = strtoul(queryString(pHttpContext, last), NULL, 10);
        pHttpContext->GetResponse()->Clear();
        pHttpContext->GetResponse()->DisableBuffering();
        return write(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        if (FAILED(pCompletionInfo->GetCompletionStatus()) ||
            pCompletionInfo->GetCompletionBytes() != m_chunk.FromMemory.BufferLength)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        return write(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS write(IHttpContext* pHttpContext)
    {
        while (m_next <= m_last)
        {
            forget();
            Text piece;
            piece << m_next++ << " ";
            m_chunk.DataChunkType = HttpDataChunkFromMemory;
            m_chunk.FromMemory.BufferLength = piece.length();
            m_chunk.FromMemory.pBuffer = new char[piece.length()];
            memcpy(m_chunk.FromMemory.pBuffer, piece.data(), piece.length());
            DWORD cbSent = 0;
            BOOL fExpected = FALSE;
            HRESULT hr = pHttpContext->GetResponse()->WriteEntityChunks(&m_chunk, 1, TRUE, TRUE, &cbSent, &fExpected);
            if (FAILED(hr))
                break;
            if (fExpected)
                return RQ_NOTIFICATION_PENDING;
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    void forget()
    {
        if (!m_chunk.FromMemory.pBuffer)
            return;
        memset(m_chunk.FromMemory.pBuffer, '?', m_chunk.FromMemory.BufferLength);
        delete[] static_cast<char*>(m_chunk.FromMemory.pBuffer);
        m_chunk.FromMemory.pBuffer = NULL;
    }

    HTTP_DATA_CHUNK m_chunk = {};
    DWORD m_last = 0;
    DWORD m_next = 0;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncWrite>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
