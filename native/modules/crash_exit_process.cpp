// Calls ExitProcess(17).

#include "crash.h"

void crash() { ExitProcess(17); }
