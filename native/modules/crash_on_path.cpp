// Reads through a null pointer for /crash, and answers everything else with "fine".

#include "module.h"

class CCrashOnPath : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const HTTP_REQUEST* raw = pHttpContext->GetRequest()->GetRawHttpRequest();
        if (raw->RawUrlLength == 6 && memcmp(raw->pRawUrl, "/crash", 6) == 0)
        {
            volatile int* volatile nothing = nullptr;
            (void)*nothing;
        }
        Text text;
        text << "fine";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCrashOnPath>(pModuleInfo, RQ_BEGIN_REQUEST);
}
