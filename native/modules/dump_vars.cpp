// Lists every documented server variable with its value, one a line; what the host does not know shows its HRESULT.

#include "module.h"

static const PCSTR g_names[] = {
    "ALL_HTTP", "ALL_RAW", "APPL_MD_PATH", "APPL_PHYSICAL_PATH", "APP_POOL_CONFIG", "APP_POOL_ID", "AUTH_PASSWORD",
    "AUTH_TYPE", "AUTH_USER", "CACHE_URL", "CERT_COOKIE", "CERT_FLAGS", "CERT_ISSUER", "CERT_KEYSIZE",
    "CERT_SECRETKEYSIZE", "CERT_SERIALNUMBER", "CERT_SERVER_ISSUER", "CERT_SERVER_SUBJECT", "CERT_SUBJECT",
    "CONTENT_LENGTH", "CONTENT_TYPE", "DOCUMENT_ROOT", "FORWARDED_URL", "GATEWAY_INTERFACE", "HTTPS", "HTTPS_KEYSIZE",
    "HTTPS_SECRETKEYSIZE", "HTTPS_SERVER_ISSUER", "HTTPS_SERVER_SUBJECT", "HTTP_HOST", "HTTP_METHOD", "HTTP_URL",
    "HTTP_VERSION", "INSTANCE_ID", "INSTANCE_META_PATH", "INSTANCE_NAME", "LOCAL_ADDR", "LOGON_USER",
    "MANAGED_PIPELINE_MODE", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST",
    "REMOTE_PORT", "REMOTE_USER", "REQUEST_FILENAME", "REQUEST_FLAGS", "REQUEST_METHOD", "REQUEST_URI",
    "SCRIPT_FILENAME", "SCRIPT_NAME", "SCRIPT_TRANSLATED", "SERVER_ADDR", "SERVER_NAME", "SERVER_PORT",
    "SERVER_PORT_SECURE", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "UNENCODED_URL", "UNMAPPED_REMOTE_USER", "URL",
};

class CDumpVars : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        for (PCSTR name : g_names)
        {
            PCSTR value = NULL;
            DWORD length = 0;
            HRESULT hr = pHttpContext->GetServerVariable(name, &value, &length);
            text << name << "=";
            if (FAILED(hr))
                text << Hex{static_cast<DWORD>(hr)};
            else
                text.append(value, length);
            text << "\n";
        }
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CDumpVars>(pModuleInfo, RQ_BEGIN_REQUEST);
}
