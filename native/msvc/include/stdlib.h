// The part of <stdlib.h> that the modules in native/modules use.

#pragma once

#include <stddef.h>

extern "C"
{
    [[noreturn]] void abort();
    [[noreturn]] void exit(int);
    void free(void*);
    void* malloc(size_t);
    unsigned long strtoul(const char*, char**, int);
}
