// Raises a structured exception of its own, 0xE0001234, with two arguments.

#include "crash.h"

void crash()
{
    const ULONG_PTR arguments[] = {0x11, 0x22};
    RaiseException(0xE0001234, 0, 2, arguments);
}
