// Writes a response in more chunks than one may have.

#include "module.h"

const DWORD MOST = 65535;
static HTTP_DATA_CHUNK g_chunks[MOST];
static char g_byte = '.';

class CManyChunks : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        DWORD cbSent = 0;
        for (DWORD i = 0; i < MOST; ++i) {
            g_chunks[i].DataChunkType = HttpDataChunkFromMemory;
            g_chunks[i].FromMemory.pBuffer = &g_byte;
            g_chunks[i].FromMemory.BufferLength = 1;
        }
        pHttpContext->GetResponse()->WriteEntityChunks(g_chunks, MOST, FALSE, TRUE, &cbSent);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CManyChunks>(pModuleInfo, RQ_BEGIN_REQUEST);
}
