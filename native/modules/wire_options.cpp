// What a module can do to the way a response goes: letters of the query, in order, then "body" as the body.
//
// 2 status 204, 3 status 304, 4 status 404, b DisableBuffering, f Flush, w write "one ", d SetNeedDisconnect,
// r ResetConnection, c CloseConnection, s SuppressHeaders, l a Content-Length of 99, k skip custom errors on 404,
// x an access violation, e no body at the end.

#include "module.h"

class CWireOptions : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[32];
        queryString(pHttpContext, query);
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        volatile int* volatile nowhere = NULL;
        bool hasBody = true;
        for (PCSTR letter = query; *letter; ++letter)
        {
            DWORD sent = 0;
            switch (*letter)
            {
            case '2': pResponse->SetStatus(204, "No Content"); break;
            case '3': pResponse->SetStatus(304, "Not Modified"); break;
            case '4': pResponse->SetStatus(404, "Gone Fishing", 7); break;
            case 'k': pResponse->SetStatus(404, "Gone Fishing", 7, S_OK, NULL, TRUE); break;
            case 'b': pResponse->DisableBuffering(); break;
            case 'f': pResponse->Flush(FALSE, TRUE, &sent); break;
            case 'w': writeBody(pResponse, "one ", 4); break;
            case 'd': pResponse->SetNeedDisconnect(); break;
            case 'r': pResponse->ResetConnection(); break;
            case 'c': pResponse->CloseConnection(); break;
            case 's': pResponse->SuppressHeaders(); break;
            case 'l': pResponse->SetHeader(HttpHeaderContentLength, "99", 2, TRUE); break;
            case 'x': *nowhere = 1; break;
            case 'e': hasBody = false; break;
            }
        }
        if (hasBody)
            writeBody(pResponse, "body", 4);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CWireOptions>(pModuleInfo, RQ_BEGIN_REQUEST);
}
