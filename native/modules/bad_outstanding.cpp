// Goes on although an asynchronous operation is under way: starts to read the request body and returns CONTINUE.

#include "module.h"

static BYTE g_buffer[16];  // outlives the request, because nobody waits for the read

class CBadOutstanding : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        pHttpContext->GetRequest()->ReadEntityBody(g_buffer, sizeof g_buffer, TRUE, NULL, NULL);
        return RQ_NOTIFICATION_CONTINUE;
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext*, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo*) override
    {
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBadOutstanding>(pModuleInfo, RQ_BEGIN_REQUEST);
}
