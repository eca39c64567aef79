// Reads a member through a null pointer: EXCEPTION_ACCESS_VIOLATION (0xC0000005), read of 0x18.

#include "crash.h"

struct Session
{
    char id[0x18];
    volatile int user;
};

void crash()
{
    Session* volatile session = nullptr;
    (void)session->user;
}
