// The part of <stdio.h> that the modules in native/modules use: inline over one function, as in the universal CRT.

#pragma once

#include <stdarg.h>
#include <stddef.h>

struct FILE;

extern "C"
{
    FILE* __acrt_iob_func(unsigned);
    int __stdio_common_vfprintf(unsigned long long, FILE*, const char*, void*, va_list);
    int fflush(FILE*);
}

#define stdout (__acrt_iob_func(1))
#define stderr (__acrt_iob_func(2))

inline int fprintf(FILE* stream, const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = __stdio_common_vfprintf(0, stream, format, nullptr, arguments);
    va_end(arguments);
    return written;
}

template <class... Arguments> int printf(const char* format, Arguments... arguments)
{
    return fprintf(stdout, format, arguments...);
}
