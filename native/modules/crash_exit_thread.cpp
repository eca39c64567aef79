// Ends the host's thread with ExitThread(5): the call never returns, the process lives on.

#include "crash.h"

void crash() { ExitThread(5); }
