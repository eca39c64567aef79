// Divides by zero: EXCEPTION_INT_DIVIDE_BY_ZERO (0xC0000094).

#include "crash.h"

static volatile int result = 1;

void crash()
{
    volatile int zero = 0;
    result = result / zero;
}
