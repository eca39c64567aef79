// Hears custom notifications, compares their names, and notes "heard. " and an error in the provider of the right one.

#include "custom.h"

class CCustomListener : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnCustomRequestNotification(IHttpContext*, ICustomNotificationProvider* pProvider) override
    {
        if (!isExample(pProvider->QueryNotificationType()))
            return RQ_NOTIFICATION_CONTINUE;
        static_cast<CExampleProvider*>(pProvider)->m_notes << "heard. ";
        pProvider->SetErrorStatus(E_FAIL);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCustomListener>(pModuleInfo, RQ_CUSTOM_NOTIFICATION);
}
