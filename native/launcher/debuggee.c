/* Memory, modules, threads and breakpoints of the supervised process. */
#include "debuggee.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

HANDLE process;
DWORD process_id;
Module *modules;
Thread *threads;

/* --- memory ----------------------------------------------------------------------------------------------------- */

bool read_memory(DWORD64 address, void *buffer, size_t size)
{
    SIZE_T got = 0;
    return ReadProcessMemory(process, (void *)(ULONG_PTR)address, buffer, size, &got) && got == size;
}

static bool write_memory(DWORD64 address, const void *buffer, size_t size)
{
    SIZE_T got = 0;
    return WriteProcessMemory(process, (void *)(ULONG_PTR)address, buffer, size, &got) && got == size;
}

size_t to_utf8(const WCHAR *text, int length, char *utf8, size_t room)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, length, utf8, (int)room - 1, NULL, NULL);
    utf8[size] = 0;
    return (size_t)size;
}

/* Reads up to the terminator or `room`, page by page, because the end of a text may be the end of its memory. */
size_t read_text(DWORD64 address, bool wide, char *utf8, size_t room)
{
    static WCHAR buffer[8192], converted[16384];
    BYTE *bytes = (BYTE *)buffer;
    size_t unit = wide ? 2 : 1, limit = min(sizeof buffer, room / (wide ? 2 : 1)) & ~(size_t)1, got = 0;
    while (got < limit) {
        size_t piece = min(limit - got, 4096 - (size_t)((address + got) & 4095));
        if (!read_memory(address + got, bytes + got, piece)) break;
        size_t at = got;
        for (got += piece; at + unit <= got; at += unit)
            if (!bytes[at] && (!wide || !bytes[at + 1])) {
                got = limit = at;
                break;
            }
    }
    if (wide) return to_utf8(buffer, (int)(got / 2), utf8, room);
    int length = MultiByteToWideChar(CP_ACP, 0, (char *)bytes, (int)got, converted, (int)(sizeof converted / 2));
    return to_utf8(converted, length, utf8, room);
}

bool is_code(DWORD64 address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQueryEx(process, (void *)(ULONG_PTR)address, &info, sizeof info) && info.State == MEM_COMMIT &&
           (info.Protect & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY));
}

/* --- modules ---------------------------------------------------------------------------------------------------- */

static DWORD image_size(DWORD64 base)
{
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS64 nt;
    if (!read_memory(base, &dos, sizeof dos) || !read_memory(base + (DWORD)dos.e_lfanew, &nt, sizeof nt)) return 0;
    return nt.OptionalHeader.SizeOfImage;
}

Module *module_loaded(HANDLE file, DWORD64 base)
{
    static WCHAR wide[32768];
    static char path[98304];
    DWORD length = file ? GetFinalPathNameByHandleW(file, wide, 32768, 0) : 0;
    if (length >= 32768) length = 0;
    DWORD prefix = length && !wcsncmp(wide, L"\\\\?\\", 4) ? 4 : 0;
    to_utf8(wide + prefix, (int)(length - prefix), path, sizeof path);
    Module *module = calloc(1, sizeof *module);
    *module = (Module){.next = modules, .base = base, .size = image_size(base), .path = _strdup(path)};
    const char *slash = strrchr(module->path, '\\');
    module->name = slash ? slash + 1 : module->path;
    return modules = module;
}

void module_unloaded(DWORD64 base)
{
    for (Module *m = modules; m; m = m->next)
        if (m->base == base) m->unloaded = true;
}

Module *module_at(DWORD64 address)
{
    for (int unloaded = 0; unloaded < 2; unloaded++)
        for (Module *m = modules; m; m = m->next)
            if (m->unloaded == unloaded && address >= m->base && address - m->base < m->size) return m;
    return NULL;
}

Module *module_named(const char *name)
{
    for (Module *m = modules; m; m = m->next)
        if (!m->unloaded && !_stricmp(m->name, name)) return m;
    return NULL;
}

/* --- threads ---------------------------------------------------------------------------------------------------- */

Thread *thread_started(DWORD id, HANDLE handle)
{
    Thread *thread = calloc(1, sizeof *thread);
    *thread = (Thread){.next = threads, .id = id, .handle = handle, .stepping = -1};
    return threads = thread;
}

Thread *thread_find(DWORD id)
{
    Thread *thread = threads;
    while (thread && thread->id != id) thread = thread->next;
    return thread;
}

void thread_ended(DWORD id)
{
    for (Thread **link = &threads; *link; link = &(*link)->next)
        if ((*link)->id == id) {
            Thread *gone = *link;
            *link = gone->next;
            free(gone->overflow);
            free(gone);
            return;
        }
}

bool thread_context(Thread *thread, CONTEXT *context)
{
    memset(context, 0, sizeof *context);
    context->ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    return GetThreadContext(thread->handle, context);
}

/* --- breakpoints ------------------------------------------------------------------------------------------------ */

/* Not ExitProcess or TerminateProcess: all ways out, also those of the C runtimes, meet here. */
const char *const breakpoint_names[BREAKPOINTS] = {
    "RtlExitUserProcess", "NtTerminateProcess", "RtlExitUserThread", "RtlUnwindEx"};

static struct { DWORD64 address; BYTE saved; bool armed; } breakpoints[BREAKPOINTS];

static void put(Place place, bool arm)
{
    BYTE int3 = 0xCC;
    DWORD64 address = breakpoints[place].address;
    if (!address || breakpoints[place].armed == arm) return;
    if (!write_memory(address, arm ? &int3 : &breakpoints[place].saved, 1)) return;
    FlushInstructionCache(process, (void *)(ULONG_PTR)address, 1);
    breakpoints[place].armed = arm;
}

void breakpoint_arm(Place place) { put(place, true); }

void breakpoints_set(void)
{
    HMODULE ours = GetModuleHandleW(L"ntdll.dll");
    Module *theirs = module_named("ntdll.dll");
    for (int place = 0; theirs && place < BREAKPOINTS; place++) {
        BYTE *function = (BYTE *)GetProcAddress(ours, breakpoint_names[place]);
        breakpoints[place].address = theirs->base + (DWORD64)(function - (BYTE *)ours);
        if (!read_memory(breakpoints[place].address, &breakpoints[place].saved, 1)) breakpoints[place].address = 0;
        else if (place != AT_UNWIND) put((Place)place, true);
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

/* Lets the thread go on at `context`, that is on the instruction under the breakpoint; with `rearm` it stops once more right after it. */
void breakpoint_pass(Place place, Thread *thread, CONTEXT *context, bool rearm)
{
    put(place, false);
    if (rearm) {
        context->EFlags |= 0x100;
        thread->stepping = place;
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

static bool on_wine(void) { return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL; }

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
    HMODULE ours = GetModuleHandleW(L"kernelbase.dll");
    Module *theirs = module_named("kernelbase.dll");
    BYTE *function = ours ? (BYTE *)GetProcAddress(ours, "IsDebuggerPresent") : NULL;
    static const BYTE answer_no[] = {0x31, 0xC0, 0xC3}; /* xor eax, eax; ret */
    if (!on_wine()) set_flag(0);
    else if (theirs && function)
        write_memory(theirs->base + (DWORD64)(function - (BYTE *)ours), answer_no, sizeof answer_no);
}
