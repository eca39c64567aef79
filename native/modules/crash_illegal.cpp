// Executes an illegal instruction (ud2): EXCEPTION_ILLEGAL_INSTRUCTION (0xC000001D).

#include "crash.h"

void crash() { __builtin_trap(); }
