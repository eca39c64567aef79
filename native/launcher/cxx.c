/* What a C++ exception is: the decorated name of its type and, for the standard ones, its what().

   MSVC: parameters are magic, object, ThrowInfo, image base; all links in the tables are image-relative.
   https://devblogs.microsoft.com/oldnewthing/20100730-00/?p=13273
   GCC: one parameter, the _Unwind_Exception, which sits between the __cxa_exception header and the object.
   https://itanium-cxx-abi.github.io/cxx-abi/abi-eh.html */
#include "debuggee.h"

#include <stdio.h>
#include <string.h>

enum { MSVC_THROW = 0xE06D7363u, GCC_THROW = 0x20474343u };

/* std::exception keeps its text, under both ABIs, in the pointer after the vtable. */
static void read_what(DWORD64 object, char *what, size_t room)
{
    DWORD64 text;
    if (read_memory(object + 8, &text, 8) && text) read_text(text, false, what, room);
}

static bool describe_msvc(const EXCEPTION_RECORD *record, char *type, size_t type_room, char *what, size_t what_room)
{
    const ULONG_PTR *information = record->ExceptionInformation;
    DWORD64 object = information[1], info = information[2], base = information[3];
    DWORD array, count, entry;
    struct { DWORD properties, type; int displacement[3]; DWORD size, copy; } catchable;
    char name[256];
    if (!read_memory(info + 12, &array, 4) || !read_memory(base + array, &count, 4)) return false;
    for (DWORD i = 0; i < min(count, 16); i++) {
        if (!read_memory(base + array + 4 + 4 * i, &entry, 4)) break;
        if (!read_memory(base + entry, &catchable, sizeof catchable)) break;
        read_text(base + catchable.type + 16, false, name, sizeof name);
        if (i == 0) snprintf(type, type_room, "%s", name);
        if (!strcmp(name, ".?AVexception@std@@"))
            read_what(object + (DWORD64)catchable.displacement[0], what, what_room);
    }
    return count > 0;
}

static bool describe_gcc(const EXCEPTION_RECORD *record, char *type, size_t type_room, char *what, size_t what_room)
{
    enum { TYPE_BEFORE_UNWIND = 80, UNWIND_SIZE = 64 };
    static const char *const with_text[] = {"St13runtime_error", "St11logic_error",   "St16invalid_argument",
                                            "St12out_of_range",  "St12length_error",  "St12domain_error",
                                            "St11range_error",   "St14overflow_error", "St15underflow_error"};
    DWORD64 unwind = record->ExceptionInformation[0], info, name;
    if (!read_memory(unwind - TYPE_BEFORE_UNWIND, &info, 8) || !read_memory(info + 8, &name, 8)) return false;
    if (!read_text(name, false, type, type_room)) return false;
    for (size_t i = 0; i < sizeof with_text / sizeof *with_text; i++)
        if (!strcmp(type, with_text[i])) read_what(unwind + UNWIND_SIZE, what, what_room);
    return true;
}

bool cxx_describe(const EXCEPTION_RECORD *record, char *type, size_t type_room, char *what, size_t what_room)
{
    *type = *what = 0;
    if (record->ExceptionCode == MSVC_THROW && record->NumberParameters == 4)
        return describe_msvc(record, type, type_room, what, what_room);
    if (record->ExceptionCode == GCC_THROW && record->NumberParameters >= 1)
        return describe_gcc(record, type, type_room, what, what_room);
    return false;
}
