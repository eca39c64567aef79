// Gives IIS something for a file that is none of its files.

#include "module.h"

class CArgument : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnMapRequestHandler(IHttpContext*, IMapHandlerProvider* pProvider) override
    {
        static void* nothing[8];
        pProvider->SetFileInfo(reinterpret_cast<IHttpFileInfo*>(nothing));
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CArgument>(pModuleInfo, RQ_MAP_REQUEST_HANDLER);
}
