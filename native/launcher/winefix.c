/* A repair of Wine 8 in the supervised process.

   RtlRaiseException keeps the context of a software exception in its own frame. With a debugger there, Wine copies it
   to just below the caller's stack pointer, over that very frame, and goes on reading the source: whoever catches the
   exception then runs with wrong registers. A frame larger by two kilobytes keeps the two apart, and still needs no
   stack probe. */
#include "debuggee.h"

enum { LARGER = 0x940 };

void wine_repair_exceptions(void)
{
    static const struct {
        DWORD64 offset; /* of a 32-bit number in the code of RtlRaiseException */
        DWORD number;
    } uses[] = {{0x03, 0x4F8}, {0x0B, 0x500}, {0x22, 0x500}, {0x3B, 0x4F8}};
    HMODULE ours = GetModuleHandleW(L"ntdll.dll");
    Module *theirs = module_named("ntdll.dll");
    if (!theirs || !GetProcAddress(ours, "wine_get_version")) return;
    DWORD64 function = theirs->base + ((DWORD64)(ULONG_PTR)GetProcAddress(ours, "RtlRaiseException") -
                                       (DWORD64)(ULONG_PTR)ours);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        DWORD number;
        if (!read_memory(function + uses[i].offset, &number, 4) || number != uses[i].number) return;
    }
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        DWORD number = uses[i].number + LARGER;
        write_memory(function + uses[i].offset, &number, 4);
    }
}
