// Logs the client that a proxy names in X-Forwarded-For in place of the proxy, as load balancers' modules do: on the last
// send, with priority HIGH, when the log data is ready. The environment variable
// IISMOD_XFF_PRIORITY names another priority.

#include "module.h"

class CForwarded : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnSendResponse(IHttpContext* pHttpContext, ISendResponseProvider* pProvider) override
    {
        Text text;
        text << "ready " << pProvider->GetReadyToLogData() << ", more "
             << (pProvider->GetFlags() & HTTP_SEND_RESPONSE_FLAG_MORE_DATA ? "1" : "0");
        OutputDebugStringA(text.data());
        if (!pProvider->GetReadyToLogData())
            return RQ_NOTIFICATION_CONTINUE;
        HTTP_LOG_FIELDS_DATA* pLog = reinterpret_cast<HTTP_LOG_FIELDS_DATA*>(pProvider->GetLogData());
        USHORT length = 0;
        PCSTR forwarded = pHttpContext->GetRequest()->GetHeader("X-Forwarded-For", &length);
        if (!pLog || !length || pLog->Base.Type != HttpLogDataTypeFields)
            return RQ_NOTIFICATION_CONTINUE;
        pLog->ClientIp = const_cast<PCHAR>(forwarded);
        pLog->ClientIpLength = length;
        pProvider->SetLogData(&pLog->Base);
        return RQ_NOTIFICATION_CONTINUE;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    HRESULT hr = registerModule<CForwarded>(pModuleInfo, RQ_SEND_RESPONSE);
    char name[16];
    WCHAR priority[16] = PRIORITY_ALIAS_HIGH;
    if (GetEnvironmentVariableA("IISMOD_XFF_PRIORITY", name, sizeof name))
        for (size_t i = 0; i <= strlen(name); ++i)
            priority[i] = static_cast<WCHAR>(name[i]);
    return SUCCEEDED(hr) ? pModuleInfo->SetPriorityForRequestNotification(RQ_SEND_RESPONSE, priority) : hr;
}
