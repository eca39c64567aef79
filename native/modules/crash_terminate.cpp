// Ends its own process with TerminateProcess, exit code 0xC0FFEE01.

#include "crash.h"

void crash() { TerminateProcess(GetCurrentProcess(), 0xC0FFEE01); }
