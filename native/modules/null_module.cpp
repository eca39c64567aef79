// GetHttpModule returns S_OK and a null pointer.

#include "module.h"

class CNullFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        *ppModule = NULL;
        return S_OK;
    }

    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetRequestNotifications(new CNullFactory, RQ_BEGIN_REQUEST, 0);
}
