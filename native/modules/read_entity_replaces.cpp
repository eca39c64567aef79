// Replaces what anybody reads of the request body by request memory of its own (SetEntity): two dashes, and then as much
// of the data as fits beside them into the reader's buffer. The end of the body stays the end.

#include "module.h"

class CReadEntityReplaces : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnReadEntity(IHttpContext* pHttpContext, IReadEntityProvider* pProvider) override
    {
        void* pBuffer = NULL;
        DWORD cbData = 0;
        DWORD cbBuffer = 0;
        pProvider->GetEntity(&pBuffer, &cbData, &cbBuffer);
        if (cbData == 0 || cbBuffer < cbData + 2)
            return RQ_NOTIFICATION_CONTINUE;
        char* mine = static_cast<char*>(pHttpContext->AllocateRequestMemory(cbBuffer));
        if (!mine)
            return RQ_NOTIFICATION_CONTINUE;
        mine[0] = mine[1] = '-';
        memcpy(mine + 2, pBuffer, cbData);
        pProvider->SetEntity(mine, cbData + 2, cbBuffer);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CReadEntityReplaces>(pModuleInfo, RQ_READ_ENTITY);
}
