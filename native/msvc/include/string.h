// The part of <string.h> that the modules in native/modules use.

#pragma once

#include <stddef.h>

extern "C"
{
    void* memchr(const void*, int, size_t);
    int memcmp(const void*, const void*, size_t);
    void* memcpy(void*, const void*, size_t);
    void* memmove(void*, const void*, size_t);
    void* memset(void*, int, size_t);
    char* strchr(const char*, int);
    int strcmp(const char*, const char*);
    size_t strlen(const char*);
    int strncmp(const char*, const char*, size_t);
    char* strstr(const char*, const char*);
    size_t wcslen(const wchar_t*);
    int _stricmp(const char*, const char*);
}
