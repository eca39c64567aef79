// Calls DebugBreak: EXCEPTION_BREAKPOINT (0x80000003).

#include "crash.h"

void crash() { DebugBreak(); }
