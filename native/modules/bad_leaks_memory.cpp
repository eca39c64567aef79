// Leaves 200 bytes behind with each request.

#include "module.h"

class CLeaksMemory : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext*, IHttpEventProvider*) override
    {
        m_pForgotten = new char[200];
        m_pForgotten[0] = 'x';
        return RQ_NOTIFICATION_CONTINUE;
    }

private:
    char* volatile m_pForgotten = NULL;
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CLeaksMemory>(pModuleInfo, RQ_BEGIN_REQUEST);
}
