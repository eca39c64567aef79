// Writes 10 MiB to standard output, half of it through the C run-time, then answers "dry".

#include "module.h"
#include <stdio.h>

class CFlood : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        static char line[1024];
        memset(line, '~', sizeof line);
        line[sizeof line - 1] = '\n';
        for (int i = 0; i < 5 * 1024; ++i) {
            DWORD written = 0;
            fwrite(line, 1, sizeof line, stdout);
            fflush(stdout);
            WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, sizeof line, &written, NULL);
        }
        Text text;
        text << "dry";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CFlood>(pModuleInfo, RQ_BEGIN_REQUEST);
}
