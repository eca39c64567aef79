/* The supervised process as its debugger knows it: memory, modules, threads, breakpoints. */
#ifndef IISMOD_DEBUGGEE_H
#define IISMOD_DEBUGGEE_H

#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

typedef struct Module {
    struct Module *next; /* newest first */
    DWORD64 base;
    DWORD size;
    bool unloaded;
    char *path; /* UTF-8 */
    const char *name;
} Module;

typedef struct {
    DWORD64 address;
    char module[128]; /* "" when the address lies in none */
    bool unloaded;
    DWORD64 rva;
    char symbol[256];
    DWORD64 displacement;
    char file[260];
    DWORD line;
} Frame;

enum { MAX_FRAMES = 96, LAST_FRAMES = 24 };

/* A thread at one moment. Of a deeper stack the first and the last frames are kept and `omitted` counts the rest. */
typedef struct {
    DWORD thread;
    CONTEXT context;
    Frame frames[MAX_FRAMES];
    int count;
    int gap; /* index of the first frame after the omitted ones */
    DWORD omitted;
} Snapshot;

typedef enum { AT_EXIT_PROCESS, AT_TERMINATE_PROCESS, AT_EXIT_THREAD, AT_UNWIND, AT_OUTPUT_W, BREAKPOINTS } Place;

typedef struct Thread {
    struct Thread *next;
    DWORD id;
    HANDLE handle;
    EXCEPTION_RECORD record; /* of a first-chance exception whose outcome is watched: code 0 for none */
    CONTEXT context;         /* where that was */
    Snapshot *overflow;      /* its stack, if it was a stack overflow: the stack may be gone when it proves fatal */
    ULONGLONG overflowed_at;
    bool leaving;    /* it asked for its end */
    bool spoke_wide; /* its OutputDebugStringW was seen; Wine goes on with OutputDebugStringA */
    int stepping; /* the Place to arm again after one step, or -1 */
} Thread;

extern HANDLE process;
extern DWORD process_id;

bool read_memory(DWORD64 address, void *buffer, size_t size);
bool write_memory(DWORD64 address, const void *buffer, size_t size);
size_t read_text(DWORD64 address, bool wide, char *utf8, size_t room);
size_t to_utf8(const WCHAR *text, int length, char *utf8, size_t room);
bool is_code(DWORD64 address);

Module *module_loaded(HANDLE file, DWORD64 base);
void module_unloaded(DWORD64 base);
Module *module_at(DWORD64 address);
Module *module_named(const char *name);
extern Module *modules;

Thread *thread_started(DWORD id, HANDLE handle);
Thread *thread_find(DWORD id);
void thread_ended(DWORD id);
extern Thread *threads;
bool thread_context(Thread *thread, CONTEXT *context);

void breakpoints_set(void);
void breakpoint_arm(Place place);
bool breakpoint_hit(DWORD64 address, Place *place);
void breakpoint_pass(Place place, Thread *thread, CONTEXT *context, bool keep);
bool breakpoint_stepped(Thread *thread);
const char *breakpoint_name(Place place);

void debugging_starts(void);
void debugging_hides(void);
void wine_repair_exceptions(void);

void stack_walk(Thread *thread, const CONTEXT *context, Snapshot *snapshot);

bool cxx_describe(const EXCEPTION_RECORD *record, char *type, size_t type_room, char *what, size_t what_room);

#endif
