// Returns PENDING from SEND_RESPONSE, MAP_PATH, READ_ENTITY and CUSTOM_NOTIFICATION, which must complete at once.

#include "module.h"

class CBadNestedPending : public CHttpModule
{
public:
#define PENDING(event, provider)                                                                                       \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext*, provider*) override { return RQ_NOTIFICATION_PENDING; }

    PENDING(SendResponse, ISendResponseProvider)
    PENDING(MapPath, IMapPathProvider)
    PENDING(ReadEntity, IReadEntityProvider)
    PENDING(CustomRequestNotification, ICustomNotificationProvider)
#undef PENDING
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    const DWORD events = RQ_SEND_RESPONSE | RQ_MAP_PATH | RQ_READ_ENTITY | RQ_CUSTOM_NOTIFICATION;
    return registerModule<CBadNestedPending>(pModuleInfo, events);
}
