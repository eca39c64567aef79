// Edits the string that GetHeader returned in place (upper-cases User-Agent), as a shipping module does.
//
// The body has the header as read again through the method, and through the raw struct.

#include "module.h"

class CWriteInPlace : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpRequest* pRequest = pHttpContext->GetRequest();
        for (char* p = const_cast<char*>(pRequest->GetHeader(HttpHeaderUserAgent)); p && *p; ++p)
            if (*p >= 'a' && *p <= 'z')
                *p -= 'a' - 'A';

        const HTTP_KNOWN_HEADER& raw = pRequest->GetRawHttpRequest()->Headers.KnownHeaders[HttpHeaderUserAgent];
        Text text;
        text << pRequest->GetHeader("User-Agent") << "\n";
        text.append(raw.pRawValue, raw.RawValueLength);
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CWriteInPlace>(pModuleInfo, RQ_BEGIN_REQUEST);
}
