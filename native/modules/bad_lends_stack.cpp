// Adds a chunk by reference that lies on the stack of the handler.

#include "module.h"

class CLendsStack : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char text[] = "gone when the handler returns";
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = text;
        chunk.FromMemory.BufferLength = sizeof text - 1;
        pHttpContext->GetResponse()->WriteEntityChunkByReference(&chunk, -1);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLendsStack>(pModuleInfo, RQ_BEGIN_REQUEST);
}
