// Writes as many chunks of one byte as the query string says (?70000): the limit of http.sys is below 65536.
//
// It stops at the first failure and appends nothing more; the reason phrase has the number of the chunk that failed.

#include "module.h"
#include <stdlib.h>

class CManyChunks : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[16];
        DWORD wanted = strtoul(queryString(pHttpContext, query), NULL, 10);
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = const_cast<char*>("x");
        chunk.FromMemory.BufferLength = 1;
        for (DWORD i = 0; i < wanted; ++i)
        {
            HRESULT hr = pResponse->WriteEntityChunkByReference(&chunk);
            if (FAILED(hr))
            {
                Text reason;
                reason << "Failed at " << i;
                pResponse->SetStatus(500, reason.data(), 0, hr);
                break;
            }
        }
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CManyChunks>(pModuleInfo, RQ_BEGIN_REQUEST);
}
