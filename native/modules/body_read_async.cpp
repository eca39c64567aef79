// Reads the request body asynchronously, one read after the other, and answers with it when it has ended.
//
// A read that ends at once goes on in a loop; one that does not, in OnAsyncCompletion. The body is at most 8 KiB.

#include "module.h"

class CBodyReadAsync : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        return readOn(pHttpContext);
    }

    REQUEST_NOTIFICATION_STATUS OnAsyncCompletion(IHttpContext* pHttpContext, DWORD, BOOL, IHttpEventProvider*,
                                                  IHttpCompletionInfo* pCompletionInfo) override
    {
        ++completions_;
        if (!take(pCompletionInfo->GetCompletionStatus(), pCompletionInfo->GetCompletionBytes()))
            return answer(pHttpContext);
        return readOn(pHttpContext);
    }

private:
    REQUEST_NOTIFICATION_STATUS readOn(IHttpContext* pHttpContext)
    {
        for (;;)
        {
            DWORD received = 0;
            BOOL pending = FALSE;
            HRESULT hr = pHttpContext->GetRequest()->ReadEntityBody(buffer_ + size_, sizeof buffer_ - size_, TRUE,
                                                                    &received, &pending);
            if (SUCCEEDED(hr) && pending)
                return RQ_NOTIFICATION_PENDING;
            if (!take(hr, received))
                return answer(pHttpContext);
        }
    }

    bool take(HRESULT hr, DWORD received)
    {
        end_ = hr;
        size_ += SUCCEEDED(hr) ? received : 0;
        return SUCCEEDED(hr) && received > 0 && size_ < sizeof buffer_;
    }

    REQUEST_NOTIFICATION_STATUS answer(IHttpContext* pHttpContext)
    {
        Text text;
        text << Hex{static_cast<DWORD>(end_)} << (completions_ ? " completed " : " inline ");
        text.append(buffer_, size_);
        return reply(pHttpContext, text);
    }

    char buffer_[8192];
    DWORD size_ = 0;
    DWORD completions_ = 0;
    HRESULT end_ = S_OK;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CBodyReadAsync>(pModuleInfo, RQ_BEGIN_REQUEST);
}
