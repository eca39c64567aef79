// Sets a status with reason, substatus and HRESULT, reads it back through all nine out parameters, and lists them.
//
// The response leaves as 403.14 "Listing denied"; the status at the start and a status without extras are listed too.

#include "module.h"

class CStatus : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        Text text;
        list(text, "start", pResponse);
        text << "set " << Hex{static_cast<DWORD>(pResponse->SetStatus(404, "Not Found"))} << "\n";
        list(text, "plain", pResponse);
        HRESULT hr = pResponse->SetStatus(403, "Listing denied", 14, E_ACCESSDENIED, NULL, TRUE);
        text << "set " << Hex{static_cast<DWORD>(hr)} << "\n";
        list(text, "full", pResponse);
        pResponse->SetHeader(HttpHeaderContentType, "text/plain", 10, TRUE);
        writeBody(pResponse, text.data(), text.length());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static void list(Text& text, PCSTR when, IHttpResponse* pResponse)
    {
        USHORT code = 0;
        USHORT substatus = 0;
        PCSTR reason = NULL;
        USHORT reasonLength = 0;
        HRESULT hr = S_OK;
        PCWSTR module = NULL;
        DWORD notification = 0;
        IAppHostConfigException* exception = NULL;
        BOOL skip = FALSE;
        pResponse->GetStatus(&code, &substatus, &reason, &reasonLength, &hr, &module, &notification, &exception, &skip);
        text << when << " " << int(code) << "." << int(substatus) << " \"" << reason << "\" " << int(reasonLength)
             << " " << Hex{static_cast<DWORD>(hr)} << " module " << module << " notification " << Hex{notification}
             << " exception " << (exception ? "yes" : "no") << " skip " << skip << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CStatus>(pModuleInfo, RQ_BEGIN_REQUEST);
}
