// Allocates request memory and writes 16 bytes more than it asked for; then writes behind the User-Agent string.

#include "module.h"

class COverrun : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        const DWORD size = 100;
        char* memory = static_cast<char*>(pHttpContext->AllocateRequestMemory(size));
        fill(memory, size + 16);
        USHORT length = 0;
        char* agent = const_cast<char*>(pHttpContext->GetRequest()->GetHeader(HttpHeaderUserAgent, &length));
        if (agent)
            fill(agent + length, 16);
        Text text;
        text << "overran";
        return reply(pHttpContext, text);
    }

private:
    static void fill(volatile char* memory, DWORD size)
    {
        for (DWORD i = 0; i < size; ++i)
            memory[i] = '#';
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<COverrun>(pModuleInfo, RQ_BEGIN_REQUEST);
}
