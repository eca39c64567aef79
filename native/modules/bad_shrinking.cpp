// Uses the number of bytes that a read brought as the size of the buffer for the next.

#include "module.h"

class CShrinking : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        BYTE buffer[4096];
        DWORD size = sizeof buffer;
        while (size && SUCCEEDED(pHttpContext->GetRequest()->ReadEntityBody(buffer, size, FALSE, &size)))
            ;
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CShrinking>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
