// Recurses without end: EXCEPTION_STACK_OVERFLOW (0xC00000FD).

#include "crash.h"

static volatile bool endless = true;

__attribute__((noinline)) static int descend(int depth)
{
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return endless ? descend(depth + 1) + frame[0] : 0;
}

void crash() { descend(0); }
