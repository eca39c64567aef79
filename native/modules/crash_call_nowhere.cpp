// Calls a function pointer that points nowhere: EXCEPTION_ACCESS_VIOLATION (0xC0000005), execute, outside every module.

#include "crash.h"

void crash()
{
    using Function = void (*)();
    volatile UINT_PTR address = 0x123456789000;
    reinterpret_cast<Function>(address)();
}
