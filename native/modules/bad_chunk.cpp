// Adds a chunk of a file whose handle it has closed.

#include "module.h"

class CChunk : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        WCHAR program[MAX_PATH];
        GetModuleFileNameW(NULL, program, MAX_PATH);
        HANDLE file = CreateFileW(program, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromFileHandle;
        chunk.FromFileHandle.FileHandle = file;
        chunk.FromFileHandle.ByteRange.Length.QuadPart = 16;
        pHttpContext->GetResponse()->WriteEntityChunkByReference(&chunk, -1);
        CloseHandle(file);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChunk>(pModuleInfo, RQ_BEGIN_REQUEST);
}
