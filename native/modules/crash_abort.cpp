// Calls the C run-time's abort().

#include "crash.h"
#include <stdlib.h>

void crash() { abort(); }
