// GetHttpModule fails with E_OUTOFMEMORY and leaves the out pointer alone.

#include "module.h"

class CFailingFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule**, IModuleAllocator*) override { return E_OUTOFMEMORY; }
    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return pModuleInfo->SetRequestNotifications(new CFailingFactory, RQ_BEGIN_REQUEST, 0);
}
