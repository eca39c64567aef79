// Reads the request body and streams "0 1 … 19 " at the same time, after EnableFullDuplex, as a WebSocket does.
//
// Whoever is last, reader or writer, appends what was read: "| N bytes, checksum 0x…".

#include "checksum.h"

static const DWORD READ = 1;  // GetCompletedOperation of a read

class CAsyncFullDuplex : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        static_cast<IHttpContext3*>(pHttpContext)->EnableFullDuplex();
        pHttpContext->GetResponse()->Clear();
        if (read(pHttpContext))
            InterlockedDecrement(&m_left);
        if (write(pHttpContext))
            InterlockedDecrement(&m_left);
        return last(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        bool done = true;
        if (static_cast<IHttpCompletionInfo2*>(pCompletionInfo)->GetCompletedOperation() == READ)
        {
            m_checksum.add(m_buffer, pCompletionInfo->GetCompletionBytes());
            done = FAILED(pCompletionInfo->GetCompletionStatus()) || read(pHttpContext);
        }
        else if (SUCCEEDED(pCompletionInfo->GetCompletionStatus()))
            done = write(pHttpContext);
        return done ? last(pHttpContext) : RQ_NOTIFICATION_PENDING;
    }

private:
    // Both return whether they are at the end; else a completion will come, perhaps before they have returned.
    bool read(IHttpContext* pHttpContext)
    {
        for (;;)
        {
            DWORD received = 0;
            BOOL fPending = FALSE;
            HRESULT hr = pHttpContext->GetRequest()->ReadEntityBody(m_buffer, sizeof m_buffer, TRUE, &received, &fPending);
            if (FAILED(hr))
                return true;
            if (fPending)
                return false;
            m_checksum.add(m_buffer, received);
        }
    }

    bool write(IHttpContext* pHttpContext)
    {
        while (m_next < 20)
        {
            Text piece;
            piece << m_next++ << " ";
            writeBody(pHttpContext->GetResponse(), piece.data(), piece.length());
            DWORD cbSent = 0;
            BOOL fExpected = FALSE;
            if (FAILED(pHttpContext->GetResponse()->Flush(TRUE, TRUE, &cbSent, &fExpected)))
                return true;
            if (fExpected)
                return false;
        }
        return true;
    }

    REQUEST_NOTIFICATION_STATUS last(IHttpContext* pHttpContext)
    {
        if (InterlockedDecrement(&m_left))
            return RQ_NOTIFICATION_PENDING;
        Text text;
        text << "| ";
        m_checksum.writeTo(text);
        writeBody(pHttpContext->GetResponse(), text.data(), text.length());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

    Checksum m_checksum;
    volatile LONG m_left = 3;  // reader, writer and the handler itself, so that nobody finishes the request under it
    DWORD m_next = 0;
    BYTE m_buffer[4096];
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncFullDuplex>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
