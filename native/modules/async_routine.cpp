// Uses IHttpContext3::PostCompletion with a routine: that is called on a thread of IIS's and does not touch the pipeline.
//
// The routine writes "routine got N bytes, error E" and ends the request with IndicateCompletion.

#include "module.h"

class CAsyncRoutine : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        m_context = pHttpContext;
        HRESULT hr = static_cast<IHttpContext3*>(pHttpContext)->PostCompletion(77, routine, this);
        return FAILED(hr) ? RQ_NOTIFICATION_FINISH_REQUEST : RQ_NOTIFICATION_PENDING;
    }

private:
    static void WINAPI routine(DWORD dwErrorCode, DWORD cbBytes, LPOVERLAPPED pvCompletionContext)
    {
        IHttpContext* pHttpContext = reinterpret_cast<CAsyncRoutine*>(pvCompletionContext)->m_context;
        Text text;
        text << "routine got " << cbBytes << " bytes, error " << dwErrorCode;
        pHttpContext->IndicateCompletion(reply(pHttpContext, text));
    }

    IHttpContext* m_context = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CAsyncRoutine>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
