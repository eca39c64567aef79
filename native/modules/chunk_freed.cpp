// Writes three chunks from the heap and from the stack, and overwrites and frees the memory right after each call.
//
// A buffering host copies: the body is "first second third ".

#include "module.h"
#include <stdlib.h>

class CChunkFreed : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        IHttpResponse* pResponse = pHttpContext->GetResponse();
        static const PCSTR words[] = {"first ", "second "};
        for (PCSTR word : words)
        {
            size_t length = strlen(word);
            char* copy = static_cast<char*>(malloc(length));
            memcpy(copy, word, length);
            writeBody(pResponse, copy, static_cast<DWORD>(length));
            overwrite(copy, length);
            free(copy);
        }
        char local[] = "third ";
        writeBody(pResponse, local, sizeof local - 1);
        overwrite(local, sizeof local);
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static void overwrite(volatile char* text, size_t length)
    {
        for (size_t i = 0; i < length; ++i)
            text[i] = '!';
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CChunkFreed>(pModuleInfo, RQ_BEGIN_REQUEST);
}
