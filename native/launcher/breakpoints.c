/* Breakpoints in ntdll, and how much of a debugger the supervised process sees. */
#include "debuggee.h"

#include <string.h>
#include <winternl.h>

/* Not ExitProcess or TerminateProcess: all ways out, also those of the C runtimes, meet in ntdll. OutputDebugStringW of
   Wine 8 squeezes its text through the ANSI code page before a debugger sees it, so there it is read at the door. */
static const struct { const char *dll, *function; bool only_wine; } places[BREAKPOINTS] = {
    [AT_EXIT_PROCESS] = {"ntdll.dll", "RtlExitUserProcess", false},
    [AT_TERMINATE_PROCESS] = {"ntdll.dll", "NtTerminateProcess", false},
    [AT_EXIT_THREAD] = {"ntdll.dll", "RtlExitUserThread", false},
    [AT_UNWIND] = {"ntdll.dll", "RtlUnwindEx", false},
    [AT_OUTPUT_W] = {"kernelbase.dll", "OutputDebugStringW", true},
};

const char *breakpoint_name(Place place) { return places[place].function; }

static bool on_wine(void) { return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL; }

enum { LONGEST = 8, JUMP = 14 };

static struct {
    DWORD64 address;
    BYTE saved[LONGEST];
    bool armed;
    DWORD64 copy; /* of the first instruction, followed by a jump to the second; 0 when it cannot be copied */
} breakpoints[BREAKPOINTS];

static void put(Place place, bool arm)
{
    BYTE int3 = 0xCC;
    DWORD64 address = breakpoints[place].address;
    if (!address || breakpoints[place].armed == arm) return;
    if (!write_memory(address, arm ? &int3 : breakpoints[place].saved, 1)) return;
    FlushInstructionCache(process, (void *)(ULONG_PTR)address, 1);
    breakpoints[place].armed = arm;
}

void breakpoint_arm(Place place) { put(place, true); }

/* How functions begin: instructions that do the same at any address. 0 for anything else. */
static size_t movable(const BYTE *code)
{
    if ((code[0] & 0xF8) == 0x50) return 1;                                  /* push register */
    if ((code[0] & 0xFE) == 0x40 && (code[1] & 0xF8) == 0x50) return 2;      /* the same with a prefix */
    if (!memcmp(code, "\x48\x83\xEC", 3)) return 4;                          /* sub rsp, byte */
    if (!memcmp(code, "\x48\x81\xEC", 3)) return 7;                          /* sub rsp, number */
    if (!memcmp(code, "\x4C\x8B\xD1", 3)) return 3;                          /* mov r10, rcx */
    if (code[0] == 0x48 && code[1] == 0x89 && code[3] == 0x24) return 5;     /* mov [rsp + byte], register */
    if (!memcmp(code, "\x48\x8D\xA4\x24\0\0\0\0", 8)) return 8;            /* lea rsp, [rsp + 0]: Wine's no-op */
    return 0;
}

/* To rewrite code takes Wine a millisecond, so a breakpoint that stays is passed on a copy of its instruction. */
static DWORD64 copy_first(Place place, DWORD64 room)
{
    BYTE code[LONGEST + JUMP];
    size_t length = movable(breakpoints[place].saved);
    DWORD64 next = breakpoints[place].address + length;
    if (!room || !length) return 0;
    memcpy(code, breakpoints[place].saved, length);
    memcpy(code + length, "\xFF\x25\0\0\0\0", 6); /* jmp [rip] */
    memcpy(code + length + 6, &next, 8);
    return write_memory(room, code, length + JUMP) ? room : 0;
}

/* Where a function of a system DLL is in the process: as far from the start of its DLL as it is here. */
static DWORD64 address_of(const char *dll, const char *function)
{
    HMODULE ours = GetModuleHandleA(dll);
    Module *theirs = module_named(dll);
    FARPROC found = ours && theirs ? GetProcAddress(ours, function) : NULL;
    return found ? theirs->base + (DWORD64)((BYTE *)found - (BYTE *)ours) : 0;
}

void breakpoints_set(void)
{
    DWORD64 room = (DWORD64)(ULONG_PTR)VirtualAllocEx(process, NULL, 4096, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    for (int i = 0; i < BREAKPOINTS; i++) {
        DWORD64 address = address_of(places[i].dll, places[i].function);
        if (places[i].only_wine && !on_wine()) continue;
        if (!address || !read_memory(address, breakpoints[i].saved, LONGEST)) continue;
        breakpoints[i].address = address;
        breakpoints[i].copy = copy_first((Place)i, room ? room + 64 * (DWORD64)i : 0);
        if (i != AT_UNWIND) put((Place)i, true);
    }
}

bool breakpoint_hit(DWORD64 address, Place *place)
{
    for (int i = 0; i < BREAKPOINTS; i++)
        if (breakpoints[i].address && breakpoints[i].address == address) {
            *place = (Place)i;
            return true;
        }
    return false;
}

/* Lets the thread go on at `context`, which is the instruction under the breakpoint; `keep` leaves that in place. */
void breakpoint_pass(Place place, Thread *thread, CONTEXT *context, bool keep)
{
    if (keep && breakpoints[place].copy) {
        context->Rip = breakpoints[place].copy;
    } else {
        put(place, false);
        if (keep) {
            context->EFlags |= 0x100; /* stop once more right behind it */
            thread->stepping = place;
        }
    }
    SetThreadContext(thread->handle, context);
}

bool breakpoint_stepped(Thread *thread)
{
    if (thread->stepping < 0) return false;
    put((Place)thread->stepping, true);
    thread->stepping = -1;
    return true;
}

/* --- being debugged --------------------------------------------------------------------------------------------- */

static void set_flag(BYTE value)
{
    typedef NTSTATUS(NTAPI * Query)(HANDLE, PROCESSINFOCLASS, PVOID, ULONG, PULONG);
    Query query = (Query)(void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryInformationProcess");
    PROCESS_BASIC_INFORMATION info;
    if (query && !query(process, ProcessBasicInformation, &info, sizeof info, NULL))
        write_memory((DWORD64)(ULONG_PTR)info.PebBaseAddress + offsetof(PEB, BeingDebugged), &value, 1);
}

/* Wine 8 reports exceptions only while PEB.BeingDebugged is set, and its server may fail to set it. */
void debugging_starts(void)
{
    if (on_wine()) set_flag(1);
}

/* A module should behave as in w3wp, and debug runtimes and suspicious modules ask IsDebuggerPresent. Windows needs the
   flag in the PEB no more once the loader has stopped at its breakpoint; under Wine only the answer can be changed. */
void debugging_hides(void)
{
    static const BYTE answer_no[] = {0x31, 0xC0, 0xC3}; /* xor eax, eax; ret */
    DWORD64 function = address_of("kernelbase.dll", "IsDebuggerPresent");
    if (!on_wine()) set_flag(0);
    else if (function) write_memory(function, answer_no, sizeof answer_no);
}
