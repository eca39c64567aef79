// Upper-cases what anybody reads of the request body, in the reader's own buffer.

#include "module.h"

class CReadEntityEdits : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnReadEntity(IHttpContext*, IReadEntityProvider* pProvider) override
    {
        void* pBuffer = NULL;
        DWORD cbData = 0;
        DWORD cbBuffer = 0;
        pProvider->GetEntity(&pBuffer, &cbData, &cbBuffer);
        char* text = static_cast<char*>(pBuffer);
        for (DWORD i = 0; i < cbData; ++i)
            if (text[i] >= 'a' && text[i] <= 'z')
                text[i] -= 'a' - 'A';
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CReadEntityEdits>(pModuleInfo, RQ_READ_ENTITY);
}
