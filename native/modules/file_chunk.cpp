// Answers with bytes 1 to 4 of its own DLL file as a file-handle chunk, and closes the handle right after the call.

#include "module.h"

static char g_anchor;

class CFileChunk : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        WCHAR path[1024];
        HMODULE self = NULL;
        const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        GetModuleHandleExA(flags, &g_anchor, &self);
        GetModuleFileNameW(self, path, sizeof path / sizeof *path);
        HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE)
            return RQ_NOTIFICATION_CONTINUE;

        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromFileHandle;
        chunk.FromFileHandle.ByteRange.StartingOffset.QuadPart = 1;
        chunk.FromFileHandle.ByteRange.Length.QuadPart = 4;
        chunk.FromFileHandle.FileHandle = file;
        DWORD cbSent = 0;
        HRESULT hr = pHttpContext->GetResponse()->WriteEntityChunks(&chunk, 1, FALSE, TRUE, &cbSent);
        CloseHandle(file);
        if (FAILED(hr))
            pHttpContext->GetResponse()->SetStatus(500, "Server Error", 0, hr);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CFileChunk>(pModuleInfo, RQ_BEGIN_REQUEST);
}
