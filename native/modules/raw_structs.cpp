// Reads HTTP_REQUEST and edits HTTP_RESPONSE directly, without the methods: the structs are the state.
//
// The body lists what the request struct says (CookedUrl lengths are bytes, the parts are not NUL-terminated). The
// status, a known and an unknown header and the body chunks of the response are set by writing its fields.

#include "module.h"
#include <new>

class CRawStructs : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text* text = new (pHttpContext->AllocateRequestMemory(sizeof(Text))) Text;
        const HTTP_REQUEST* request = pHttpContext->GetRequest()->GetRawHttpRequest();
        const HTTP_COOKED_URL& url = request->CookedUrl;
        *text << "version " << int(request->Version.MajorVersion) << "." << int(request->Version.MinorVersion) << "\n"
              << "verb " << int(request->Verb) << "\n";
        *text << "raw url ";
        text->append(request->pRawUrl, request->RawUrlLength) << "\n";
        part(*text, "full", url.pFullUrl, url.FullUrlLength);
        part(*text, "host", url.pHost, url.HostLength);
        part(*text, "path", url.pAbsPath, url.AbsPathLength);
        part(*text, "query", url.pQueryString, url.QueryStringLength);
        const HTTP_KNOWN_HEADER& host = request->Headers.KnownHeaders[HttpHeaderHost];
        *text << "Host ";
        text->append(host.pRawValue, host.RawValueLength) << "\n";
        for (USHORT i = 0; i < request->Headers.UnknownHeaderCount; ++i)
        {
            const HTTP_UNKNOWN_HEADER& header = request->Headers.pUnknownHeaders[i];
            text->append(header.pName, header.NameLength) << " ";
            text->append(header.pRawValue, header.RawValueLength) << "\n";
        }
        *text << "chunks " << int(request->EntityChunkCount) << "\n";
        *text << "remote family " << int(request->Address.pRemoteAddress->sa_family) << "\n";

        HTTP_RESPONSE* response = pHttpContext->GetResponse()->GetRawHttpResponse();
        response->StatusCode = 203;
        response->pReason = "Raw";
        response->ReasonLength = 3;
        response->Headers.KnownHeaders[HttpHeaderContentType].pRawValue = "text/plain";
        response->Headers.KnownHeaders[HttpHeaderContentType].RawValueLength = 10;
        HTTP_UNKNOWN_HEADER* unknown =
            static_cast<HTTP_UNKNOWN_HEADER*>(pHttpContext->AllocateRequestMemory(sizeof(HTTP_UNKNOWN_HEADER)));
        unknown->pName = "X-Raw";
        unknown->NameLength = 5;
        unknown->pRawValue = "written directly";
        unknown->RawValueLength = 16;
        response->Headers.pUnknownHeaders = unknown;
        response->Headers.UnknownHeaderCount = 1;
        HTTP_DATA_CHUNK* chunk =
            static_cast<HTTP_DATA_CHUNK*>(pHttpContext->AllocateRequestMemory(sizeof(HTTP_DATA_CHUNK)));
        chunk->DataChunkType = HttpDataChunkFromMemory;
        chunk->FromMemory.pBuffer = const_cast<char*>(text->data());
        chunk->FromMemory.BufferLength = text->length();
        response->pEntityChunks = chunk;
        response->EntityChunkCount = 1;
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static void part(Text& text, PCSTR name, PCWSTR start, USHORT bytes)
    {
        text << name << " " << int(bytes) << " ";
        for (USHORT i = 0; i < bytes / sizeof(WCHAR); ++i)
        {
            const WCHAR one[] = {start[i], 0};
            text << one;
        }
        text << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CRawStructs>(pModuleInfo, RQ_BEGIN_REQUEST);
}
