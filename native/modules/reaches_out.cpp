// Tries what an untrusted module must not get: a connection, a file, memory. Answers with a line for each.
//
// "connect PORT" of this computer, "write FILE" on drive Z:, "allocate MEGABYTES"; the query is PORT+FILE+MEGABYTES.
// Each line ends with 0 for success or the system's error.

#include "module.h"
#include <stdlib.h>
#include <winsock2.h>

static int connectTo(int port)
{
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return WSAGetLastError();
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<u_short>(port));
    address.sin_addr.s_addr = inet_addr("127.0.0.1");
    int error = 0;
    if (s == INVALID_SOCKET || connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        error = WSAGetLastError();
    closesocket(s);
    WSACleanup();
    return error;
}

static int writeTo(const char* path)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return static_cast<int>(GetLastError());
    CloseHandle(file);
    return 0;
}

static int allocate(int megabytes)
{
    void* memory = VirtualAlloc(NULL, static_cast<SIZE_T>(megabytes) << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory == NULL)
        return static_cast<int>(GetLastError());
    VirtualFree(memory, 0, MEM_RELEASE);
    return 0;
}

class CReachesOut : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        char query[512];
        char* port = const_cast<char*>(queryString(pHttpContext, query));
        char* path = strchr(port, '+');
        char* size = path ? strchr(path + 1, '+') : NULL;
        if (!size)
            return RQ_NOTIFICATION_CONTINUE;
        *path++ = *size++ = '\0';

        Text text;
        text << "connect " << connectTo(atoi(port)) << "\n";
        text << "write " << writeTo(path) << "\n";
        text << "allocate " << allocate(atoi(size)) << "\n";
        return reply(pHttpContext, text);
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CReachesOut>(pModuleInfo, RQ_BEGIN_REQUEST);
}
