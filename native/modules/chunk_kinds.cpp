// One response out of chunks of every kind: memory, a range of its own DLL file, a fragment by name, the rest of it from
// its eighth byte on, and one by reference in front of all: "<memory MZ 0123456789789".

#include "module.h"

static IHttpServer* g_server;
static char g_anchor;

class CChunkKinds : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        HTTP_DATA_CHUNK fragment = memory("0123456789", 10);
        HRESULT hr = g_server->AddFragmentToCache(&fragment, L"/iismod/digits");
        HANDLE file = openSelf();

        HTTP_DATA_CHUNK chunks[5] = {};
        chunks[0] = memory("memory ", 7);
        chunks[1].DataChunkType = HttpDataChunkFromFileHandle;
        chunks[1].FromFileHandle.ByteRange.Length.QuadPart = 2;
        chunks[1].FromFileHandle.FileHandle = file;
        chunks[2] = memory(" ", 1);
        chunks[3].DataChunkType = HttpDataChunkFromFragmentCache;
        chunks[3].FromFragmentCache.pFragmentName = L"/iismod/digits and more";
        chunks[3].FromFragmentCache.FragmentNameLength = 14 * sizeof(WCHAR);
        chunks[4].DataChunkType = HttpDataChunkFromFragmentCacheEx;
        chunks[4].FromFragmentCacheEx.pFragmentName = L"/iismod/digits";
        chunks[4].FromFragmentCacheEx.ByteRange.StartingOffset.QuadPart = 7;
        chunks[4].FromFragmentCacheEx.ByteRange.Length.QuadPart = static_cast<ULONGLONG>(-1);
        DWORD sent = 0;
        if (SUCCEEDED(hr))
            hr = pResponse->WriteEntityChunks(chunks, 5, FALSE, TRUE, &sent);
        memset(chunks, 0xCC, sizeof chunks);
        CloseHandle(file);
        static HTTP_DATA_CHUNK first;
        first = memory("<", 1);
        if (SUCCEEDED(hr))
            hr = pResponse->WriteEntityChunkByReference(&first, 0);
        if (FAILED(hr))
            pResponse->SetStatus(500, "Server Error", 0, hr);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static HTTP_DATA_CHUNK memory(PCSTR data, ULONG size)
    {
        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = const_cast<char*>(data);
        chunk.FromMemory.BufferLength = size;
        return chunk;
    }

    static HANDLE openSelf()
    {
        WCHAR path[1024];
        HMODULE self = NULL;
        const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        GetModuleHandleExA(flags, &g_anchor, &self);
        GetModuleFileNameW(self, path, sizeof path / sizeof *path);
        return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer* pServer)
{
    g_server = pServer;
    return registerModule<CChunkKinds>(pModuleInfo, RQ_BEGIN_REQUEST);
}
