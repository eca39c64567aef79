// Writes to address 0: EXCEPTION_ACCESS_VIOLATION (0xC0000005), write.

#include "crash.h"

void crash()
{
    volatile int* volatile nowhere = nullptr;
    *nowhere = 42;
}
