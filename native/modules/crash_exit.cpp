// Calls the C run-time's exit(3).

#include "crash.h"
#include <stdlib.h>

void crash() { exit(3); }
