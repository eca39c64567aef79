// Claims more data than the buffer holds that it gives to the reader of a body.

#include "module.h"

class CEntitySize : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnReadEntity(IHttpContext*, IReadEntityProvider* pProvider) override
    {
        static char text[] = "short";
        pProvider->SetEntity(text, 4096, sizeof text - 1);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CEntitySize>(pModuleInfo, RQ_READ_ENTITY);
}
