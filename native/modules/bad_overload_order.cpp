// Declares IHttpRequest with overloads, as Microsoft's header does: g++ then calls other slots than IIS has them in.

#include "module.h"

class IRequestAsInTheSdk
{
public:
    virtual const HTTP_REQUEST* GetRawHttpRequest() const = 0;
    virtual HTTP_REQUEST* GetRawHttpRequest() = 0;
    virtual PCSTR GetHeader(PCSTR pszHeaderName, USHORT* pcchHeaderValue) const = 0;
    virtual PCSTR GetHeader(HTTP_HEADER_ID ulHeaderIndex, USHORT* pcchHeaderValue) const = 0;
};

class COverloadOrder : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        USHORT length = 0;
        reinterpret_cast<IRequestAsInTheSdk*>(pHttpContext->GetRequest())->GetHeader(HttpHeaderHost, &length);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<COverloadOrder>(pModuleInfo, RQ_BEGIN_REQUEST);
}
