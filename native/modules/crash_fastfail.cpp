// Ends the process with __fastfail(7): STATUS_STACK_BUFFER_OVERRUN (0xC0000409), which no filter of the process sees.

#include "crash.h"

void crash()
{
    const unsigned fatalApplicationExit = 7;
    __asm__ volatile("int $0x29" : : "c"(fatalApplicationExit));
}
