// Answers every request with "Hello World" as text/plain and finishes it, as the documentation's first module does.

#include <iismod/httpserv.h>
#include <string.h>

class CHelloWorld : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IN IHttpContext* pHttpContext, IN IHttpEventProvider* pProvider) override
    {
        UNREFERENCED_PARAMETER(pProvider);

        IHttpResponse* pHttpResponse = pHttpContext->GetResponse();
        if (pHttpResponse == NULL)
            return RQ_NOTIFICATION_CONTINUE;

        static char greeting[] = "Hello World";
        static const char contentType[] = "text/plain";
        pHttpResponse->Clear();
        pHttpResponse->SetHeader(HttpHeaderContentType, contentType, (USHORT)strlen(contentType), TRUE);

        HTTP_DATA_CHUNK dataChunk;
        dataChunk.DataChunkType = HttpDataChunkFromMemory;
        dataChunk.FromMemory.pBuffer = greeting;
        dataChunk.FromMemory.BufferLength = (ULONG)strlen(greeting);

        DWORD cbSent;
        HRESULT hr = pHttpResponse->WriteEntityChunks(&dataChunk, 1, FALSE, TRUE, &cbSent);
        if (FAILED(hr))
            pHttpResponse->SetStatus(500, "Server Error", 0, hr);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

class CHelloWorldFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(OUT CHttpModule** ppModule, IN IModuleAllocator* pAllocator) override
    {
        UNREFERENCED_PARAMETER(pAllocator);

        CHelloWorld* pModule = new CHelloWorld;
        if (!pModule)
            return HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_MEMORY);
        *ppModule = pModule;
        return S_OK;
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD dwServerVersion, IHttpModuleRegistrationInfo* pModuleInfo,
                                            IHttpServer* pGlobalInfo)
{
    UNREFERENCED_PARAMETER(dwServerVersion);
    UNREFERENCED_PARAMETER(pGlobalInfo);
    return pModuleInfo->SetRequestNotifications(new CHelloWorldFactory, RQ_BEGIN_REQUEST, 0);
}
