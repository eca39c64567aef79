// Takes new request memory for each piece of the body, and gives none back before the request ends.

#include "module.h"

class CManyPieces : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnExecuteRequestHandler(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const DWORD size = 16384;
        DWORD received = 0;
        void* memory = NULL;
        do
            memory = pHttpContext->AllocateRequestMemory(size);
        while (memory && SUCCEEDED(pHttpContext->GetRequest()->ReadEntityBody(memory, size, FALSE, &received)) && received);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CManyPieces>(pModuleInfo, RQ_EXECUTE_REQUEST_HANDLER);
}
