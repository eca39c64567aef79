// A thread of its own calls TerminateThread on the host's thread with exit code 9: the call never returns.

#include "crash.h"

static DWORD WINAPI shoot(void* target)
{
    TerminateThread(static_cast<HANDLE>(target), 9);
    return 0;
}

void crash()
{
    HANDLE self = NULL;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &self, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(CreateThread(NULL, 0, shoot, self, 0, NULL));
    Sleep(INFINITE);
}
