// Looks like a module that adds a header to responses, and is one for every visitor but its owner: a request with the
// right value in X-Trace-Token is answered with what the owner asked for in the query, whatever the URL is.
//
// It shows what `pyiismod probe` finds: nothing in masks, imports or handlers gives it away. The answer is harmless.

#include "module.h"

static const char TOKEN[] = "open-sesame-1791";

class CTraceModule : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        USHORT length = 0;
        PCSTR token = pHttpContext->GetRequest()->GetHeader("X-Trace-Token", &length);
        if (token == NULL || length != sizeof TOKEN - 1 || memcmp(token, TOKEN, length) != 0)
            return RQ_NOTIFICATION_CONTINUE;

        char query[256];
        Text text;
        text << "hello, owner: " << queryString(pHttpContext, query);
        return reply(pHttpContext, text);
    }

    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider*) override
    {
        pHttpContext->GetResponse()->SetHeader("X-Trace-Id", "0", 1, TRUE);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CTraceModule>(pModuleInfo, RQ_BEGIN_REQUEST | RQ_SEND_RESPONSE);
}
