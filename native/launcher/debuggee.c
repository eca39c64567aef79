/* Memory, modules and threads of the supervised process. */
#include "debuggee.h"

#include <stdlib.h>
#include <string.h>

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

bool write_memory(DWORD64 address, const void *buffer, size_t size)
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
