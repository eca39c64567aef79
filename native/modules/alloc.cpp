// Places its module object in memory of the IModuleAllocator: operator delete does nothing, so that the default Dispose
// only runs the destructor. Writes into request memory (AllocateRequestMemory) and answers from it.

#include <iismod/httpserv.h>
#include <string.h>

class CAllocated : public CHttpModule
{
public:
    static void* operator new(size_t, IModuleAllocator* pAllocator, DWORD size) noexcept
    {
        return pAllocator->AllocateMemory(size);
    }

    static void operator delete(void*) {}
    static void operator delete(void*, IModuleAllocator*, DWORD) {}

    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const DWORD blocks = 16;
        const DWORD size = 1024;
        BYTE* last = NULL;
        for (DWORD i = 0; i < blocks; ++i)
        {
            last = static_cast<BYTE*>(pHttpContext->AllocateRequestMemory(size));
            if (!last)
            {
                pHttpContext->GetResponse()->SetStatus(500, "Server Error", 0, E_OUTOFMEMORY);
                return RQ_NOTIFICATION_FINISH_REQUEST;
            }
            memset(last, 'a' + i, size);
        }
        m_requests++;

        HTTP_DATA_CHUNK chunk = {};
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = last;
        chunk.FromMemory.BufferLength = size;
        pHttpContext->GetResponse()->WriteEntityChunkByReference(&chunk);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

protected:
    ~CAllocated() override { m_requests = 0; }

private:
    DWORD m_requests = 0;
};

class CAllocatedFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator* pAllocator) override
    {
        *ppModule = new (pAllocator, sizeof(CAllocated)) CAllocated;
        return *ppModule ? S_OK : HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_MEMORY);
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetRequestNotifications(new CAllocatedFactory, RQ_BEGIN_REQUEST, 0);
}
