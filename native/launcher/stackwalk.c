/* Native stacks from outside the process, by dbghelp (Windows and Wine both have it; loaded only when needed).

   Symbol names come from what lies beside a module (PDB), inside it (DWARF, under Wine) or from its exports. The search
   path is empty on purpose, so that no symbol server is asked while somebody waits. */
#include "debuggee.h"

#include <dbghelp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    BOOL(WINAPI *Initialize)(HANDLE, PCWSTR, BOOL);
    DWORD(WINAPI *SetOptions)(DWORD);
    DWORD64(WINAPI *LoadModule)(HANDLE, HANDLE, PCWSTR, PCWSTR, DWORD64, DWORD, PMODLOAD_DATA, DWORD);
    DWORD64(WINAPI *ModuleBase)(HANDLE, DWORD64);
    BOOL(WINAPI *FromAddr)(HANDLE, DWORD64, PDWORD64, PSYMBOL_INFO);
    BOOL(WINAPI *Line)(HANDLE, DWORD64, PDWORD, PIMAGEHLP_LINE64);
    BOOL(WINAPI *Walk)(DWORD, HANDLE, HANDLE, LPSTACKFRAME64, PVOID, PREAD_PROCESS_MEMORY_ROUTINE64,
                       PFUNCTION_TABLE_ACCESS_ROUTINE64, PGET_MODULE_BASE_ROUTINE64, PTRANSLATE_ADDRESS_ROUTINE64);
} dbghelp;

enum { MAX_WALK = 100000, SYSTEM_CALL = 32 };

static struct { BYTE *data; DWORD64 start; size_t size; } stack; /* a copy: reading word by word is slow */

static bool load_dbghelp(void)
{
    static int state;
    if (state) return state > 0;
    HMODULE dll = LoadLibraryW(L"dbghelp.dll");
    state = -1;
    if (!dll) return false;
#define NEEDS(member, name) if (!(dbghelp.member = (void *)GetProcAddress(dll, name))) return false
    NEEDS(Initialize, "SymInitializeW");
    NEEDS(SetOptions, "SymSetOptions");
    NEEDS(LoadModule, "SymLoadModuleExW");
    NEEDS(ModuleBase, "SymGetModuleBase64");
    NEEDS(FromAddr, "SymFromAddr");
    NEEDS(Line, "SymGetLineFromAddr64");
    NEEDS(Walk, "StackWalk64");
#undef NEEDS
    dbghelp.SetOptions(SYMOPT_DEFERRED_LOADS | SYMOPT_UNDNAME | SYMOPT_LOAD_LINES | SYMOPT_FAIL_CRITICAL_ERRORS |
                       SYMOPT_NO_PROMPTS);
    if (!dbghelp.Initialize(process, L"", FALSE)) return false;
    state = 1;
    return true;
}

static struct { DWORD64 page; BYTE data[4096]; } pages[64]; /* of unwind tables and code, for one walk */

static bool read_page(DWORD64 address, void *buffer, DWORD size)
{
    DWORD64 page = address & ~4095ULL, offset = address & 4095;
    size_t at = (size_t)(page >> 12) % (sizeof pages / sizeof *pages);
    if (offset + size > 4096) return read_memory(address, buffer, size);
    if (pages[at].page != page) {
        pages[at].page = 0;
        if (!read_memory(page, pages[at].data, 4096)) return false;
        pages[at].page = page;
    }
    memcpy(buffer, pages[at].data + offset, size);
    return true;
}

static BOOL CALLBACK read_stack(HANDLE handle, DWORD64 address, PVOID buffer, DWORD size, LPDWORD got)
{
    if (address >= stack.start && address - stack.start + size <= stack.size)
        memcpy(buffer, stack.data + (address - stack.start), size);
    else if (!read_page(address, buffer, size)) return FALSE;
    (void)handle;
    *got = size;
    return TRUE;
}

static void copy_stack(DWORD64 pointer)
{
    MEMORY_BASIC_INFORMATION info;
    DWORD64 start = pointer & ~4095ULL;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) pages[i].page = 0;
    free(stack.data);
    stack.data = NULL;
    stack.size = 0;
    if (!VirtualQueryEx(process, (void *)(ULONG_PTR)pointer, &info, sizeof info) || info.State != MEM_COMMIT) return;
    size_t size = min((size_t)((DWORD64)(ULONG_PTR)info.BaseAddress + info.RegionSize - start), 16u << 20);
    stack.data = malloc(size);
    if (!stack.data || !read_memory(start, stack.data, size)) return;
    stack.start = start;
    stack.size = size;
}

static bool directory(const Module *module, int index, IMAGE_DATA_DIRECTORY *found)
{
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS64 nt;
    if (!read_page(module->base, &dos, sizeof dos)) return false;
    if (!read_page(module->base + (DWORD)dos.e_lfanew, &nt, sizeof nt)) return false;
    *found = nt.OptionalHeader.DataDirectory[index];
    return found->VirtualAddress != 0;
}

/* The unwind table entry of an address. dbghelp can find that, too, but only after it has read the whole file. */
static PVOID CALLBACK function_table(HANDLE handle, DWORD64 address)
{
    static RUNTIME_FUNCTION function;
    IMAGE_DATA_DIRECTORY table;
    Module *module = module_at(address);
    (void)handle;
    if (!module || module->unloaded || !directory(module, IMAGE_DIRECTORY_ENTRY_EXCEPTION, &table)) return NULL;
    DWORD rva = (DWORD)(address - module->base), low = 0, high = table.Size / (DWORD)sizeof function;
    while (low < high) {
        DWORD middle = (low + high) / 2;
        DWORD64 entry = module->base + table.VirtualAddress + middle * sizeof function;
        if (!read_page(entry, &function, sizeof function)) return NULL;
        if (rva < function.BeginAddress) high = middle;
        else if (rva >= function.EndAddress) low = middle + 1;
        else return &function;
    }
    return NULL;
}

static DWORD64 CALLBACK module_base(HANDLE handle, DWORD64 address)
{
    Module *module = module_at(address);
    (void)handle;
    return module && !module->unloaded ? module->base : 0;
}

/* By the export at the start of the function, as the unwind table has it; system calls are not there, but short. */
static void name_by_export(Frame *frame, const Module *module, DWORD rva)
{
    IMAGE_DATA_DIRECTORY table;
    IMAGE_EXPORT_DIRECTORY exports;
    if (!directory(module, IMAGE_DIRECTORY_ENTRY_EXPORT, &table)) return;
    if (!read_page(module->base + table.VirtualAddress, &exports, sizeof exports)) return;
    const RUNTIME_FUNCTION *function = function_table(process, module->base + rva);
    DWORD first = function ? function->BeginAddress : rva > SYSTEM_CALL ? rva - SYSTEM_CALL : 0;
    DWORD last = function ? function->BeginAddress : rva, best = 0;
    for (DWORD i = 0; i < min(exports.NumberOfNames, 65536); i++) {
        DWORD start, text;
        WORD ordinal;
        if (!read_page(module->base + exports.AddressOfNameOrdinals + 2 * i, &ordinal, sizeof ordinal)) return;
        if (!read_page(module->base + exports.AddressOfFunctions + 4 * ordinal, &start, sizeof start)) return;
        if (!read_page(module->base + exports.AddressOfNames + 4 * i, &text, sizeof text)) return;
        if (start < first || start > last || start < best) continue;
        char name[sizeof frame->symbol];
        size_t length = read_text(module->base + text, false, name, sizeof name);
        if (start == best && length >= strlen(frame->symbol)) continue; /* exit, not _o_exit */
        memcpy(frame->symbol, name, length + 1);
        best = start;
    }
    if (best) frame->displacement = frame->rva - best;
}

/* Wine's own DLLs carry debug information that takes a tenth of a second to read and names sources nobody here has. */
static bool is_wines(const Module *module)
{
    char mark[16];
    return read_page(module->base + sizeof(IMAGE_DOS_HEADER), mark, sizeof mark) &&
           !memcmp(mark, "Wine builtin DLL", sizeof mark);
}

static void load_symbols(const Module *module)
{
    WCHAR path[1024];
    if (dbghelp.ModuleBase(process, module->base)) return;
    MultiByteToWideChar(CP_UTF8, 0, module->path, -1, path, 1024);
    dbghelp.LoadModule(process, NULL, path, NULL, module->base, module->size, NULL, 0);
}

/* A return address belongs to the call before it, so its name is looked up one byte earlier. */
static void name_frame(Frame *frame, bool returned, bool symbols)
{
    struct { SYMBOL_INFO info; char name[256]; } symbol = {.info = {.SizeOfStruct = sizeof(SYMBOL_INFO)}};
    symbol.info.MaxNameLen = sizeof symbol.name - 1;
    IMAGEHLP_LINE64 line = {.SizeOfStruct = sizeof line};
    DWORD column;
    DWORD64 at = frame->address - returned;
    Module *module = module_at(frame->address);
    if (!module) return;
    snprintf(frame->module, sizeof frame->module, "%s", module->name);
    frame->unloaded = module->unloaded;
    frame->rva = frame->address - module->base;
    if (module->unloaded || !symbols) return;
    if (is_wines(module)) {
        name_by_export(frame, module, (DWORD)(at - module->base));
        return;
    }
    load_symbols(module);
    if (dbghelp.FromAddr(process, at, &frame->displacement, &symbol.info)) {
        snprintf(frame->symbol, sizeof frame->symbol, "%s", symbol.info.Name);
        frame->displacement += returned;
    }
    if (dbghelp.Line(process, at, &column, &line)) {
        snprintf(frame->file, sizeof frame->file, "%s", line.FileName);
        frame->line = line.LineNumber;
    }
}

/* Walks on from `context`, which must stand in code; of many frames the last ones go round in a ring. */
static void walk(Thread *thread, CONTEXT *context, Snapshot *snapshot)
{
    static DWORD64 last[LAST_FRAMES];
    Frame *frames = snapshot->frames;
    STACKFRAME64 at = {.AddrPC = {.Offset = context->Rip, .Mode = AddrModeFlat},
                       .AddrStack = {.Offset = context->Rsp, .Mode = AddrModeFlat},
                       .AddrFrame = {.Offset = context->Rbp, .Mode = AddrModeFlat}};
    DWORD64 total = 0, previous = 0;
    for (bool first = true; total < MAX_WALK; first = false) {
        if (!dbghelp.Walk(IMAGE_FILE_MACHINE_AMD64, process, thread->handle, &at, context, read_stack,
                          function_table, module_base, NULL))
            break;
        if (first) continue;
        if (!at.AddrPC.Offset || at.AddrStack.Offset < previous) break;
        previous = at.AddrStack.Offset;
        if (snapshot->count < MAX_FRAMES - LAST_FRAMES) frames[snapshot->count++].address = at.AddrPC.Offset;
        else last[total++ % LAST_FRAMES] = at.AddrPC.Offset;
    }
    DWORD64 kept = min(total, LAST_FRAMES);
    snapshot->omitted = (DWORD)(total - kept);
    snapshot->gap = snapshot->count;
    for (DWORD64 i = total - kept; i < total; i++) frames[snapshot->count++].address = last[i % LAST_FRAMES];
}

void stack_walk(Thread *thread, const CONTEXT *context, Snapshot *snapshot)
{
    CONTEXT walked = *context;
    memset(snapshot, 0, sizeof *snapshot);
    snapshot->thread = thread->id;
    snapshot->context = *context;
    snapshot->frames[snapshot->count++].address = walked.Rip;
    bool usable = load_dbghelp();
    copy_stack(walked.Rsp);
    /* A call into nowhere: the return address is still on top of the stack, and nothing else is known. */
    if (!is_code(walked.Rip)) {
        DWORD got;
        if (!read_stack(process, walked.Rsp, &walked.Rip, 8, &got)) walked.Rip = 0;
        walked.Rsp += 8;
        snapshot->frames[snapshot->count++].address = walked.Rip;
    }
    if (usable) walk(thread, &walked, snapshot);
    for (int i = 0; i < snapshot->count; i++) name_frame(&snapshot->frames[i], i > 0, usable);
}
