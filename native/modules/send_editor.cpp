// Edits a response on its way out: adds X-Sent to the headers while they are being sent, puts "<" and ">" around what is
// sent each time, and with ?last takes the MORE_DATA flag away. X-Sent says what GetFlags returned.

#include "module.h"

class CSendEditor : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider* pProvider) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        if (pProvider->GetHeadersBeingSent())
        {
            Text flags;
            flags << "flags " << Hex{pProvider->GetFlags()};
            pResponse->SetHeader("X-Sent", flags.data(), flags.length(), TRUE);
        }
        insert(pResponse, "<", 0);
        insert(pResponse, ">", -1);
        char how[16];
        if (strcmp(queryString(pHttpContext, how), "last") == 0)
            pProvider->SetFlags(pProvider->GetFlags() & ~HTTP_SEND_RESPONSE_FLAG_MORE_DATA);
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    static void insert(IHttpResponse* pResponse, PCSTR mark, LONG position)
    {
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = const_cast<char*>(mark);
        chunk.FromMemory.BufferLength = 1;
        pResponse->WriteEntityChunkByReference(&chunk, position);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CSendEditor>(pModuleInfo, RQ_SEND_RESPONSE);
}
