// Recurses without end on a thread of its own, while the host's thread waits for it: EXCEPTION_STACK_OVERFLOW.

#include "crash.h"

static volatile bool endless = true;

__attribute__((noinline)) static int descend(int depth)
{
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return endless ? descend(depth + 1) + frame[0] : 0;
}

static DWORD WINAPI work(void*) { return static_cast<DWORD>(descend(0)); }

void crash()
{
    HANDLE thread = CreateThread(NULL, 0, work, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}
