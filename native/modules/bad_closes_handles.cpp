// Closes the standard handles and the C run-time's files 0, 1 and 2, which belong to the whole process; then prints.

#include "module.h"
#include <io.h>
#include <stdio.h>

class CCloser : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        static const DWORD handles[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
        for (int i = 0; i < 3; ++i) {
            _close(i);
            CloseHandle(GetStdHandle(handles[i]));
        }
        printf("nobody reads this\n");
        fflush(stdout);
        Text text;
        text << "closed";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCloser>(pModuleInfo, RQ_BEGIN_REQUEST);
}
