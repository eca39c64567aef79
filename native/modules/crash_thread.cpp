// Writes to address 0 on a thread of its own while the request thread waits for that thread.

#include "crash.h"

static DWORD WINAPI work(void* target)
{
    *static_cast<volatile int*>(target) = 42;
    return 0;
}

void crash()
{
    HANDLE thread = CreateThread(nullptr, 0, work, nullptr, 0, nullptr);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
