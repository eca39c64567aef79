/* What each event means for the end of the worker: passes exceptions on, watches the doubtful ones, catches exits. */
#include "verdict.h"

#include "blackbox.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OVERFLOW_GRACE_MS = 300 };

static Report report = {.cause = "gone"};
static WCHAR report_path[MAX_PATH];
static bool started, reported, exiting;
static ULONGLONG killed_at;

static void write_report(const char *cause)
{
    report.cause = cause;
    reported = true;
    if (!report_write(&report, report_path)) fputs("supervisor: cannot write the post-mortem report\n", stderr);
}

void end_worker(DWORD code)
{
    if (!killed_at) killed_at = GetTickCount64();
    TerminateProcess(process, code);
}

static Snapshot *take_snapshot(Thread *thread, const CONTEXT *context)
{
    Snapshot *snapshot = malloc(sizeof *snapshot);
    if (snapshot) stack_walk(thread, context, snapshot);
    return snapshot;
}

void dump_all(void)
{
    int count = 0;
    for (Thread *t = threads; t; t = t->next) count++;
    report.all = calloc((size_t)count, sizeof *report.all);
    for (Thread *t = threads; t && report.all; t = t->next) {
        CONTEXT context;
        SuspendThread(t->handle);
        if (thread_context(t, &context)) stack_walk(t, &context, &report.all[report.all_count++]);
    }
    write_report("hang");
    end_worker(STATUS_TIMEOUT);
}

/* --- what it says ------------------------------------------------------------------------------------------------- */

void on_output(DWORD64 address, bool wide, Thread *thread)
{
    static char text[BOX_TEXT_LIMIT + 1];
    if (!thread) return;
    if (!thread->spoke_wide) box_append(thread->id, BOX_KIND_OUTPUT, text, read_text(address, wide, text, sizeof text));
    thread->spoke_wide = false;
}

/* --- exceptions --------------------------------------------------------------------------------------------------- */

static void remember(const EXCEPTION_RECORD *record, DWORD thread)
{
    DWORD64 address = (DWORD64)(ULONG_PTR)record->ExceptionAddress;
    Module *module = module_at(address);
    char text[256];
    int size = snprintf(text, sizeof text, "0x%08lX at %s%s0x%llx", record->ExceptionCode, module ? module->name : "",
                        module ? "+" : "", module ? address - module->base : address);
    report.seen[report.seen_count++ % HISTORY] = (Seen){record->ExceptionCode, thread, address};
    box_append(thread, BOX_KIND_EXCEPTION, text, (size_t)size);
}

/* `context` is where the exception came from; for a stack overflow that is known already. */
static void on_crash(const EXCEPTION_RECORD *record, Thread *thread, const CONTEXT *context)
{
    if (killed_at) return;
    report.exception = *record;
    report.exception_thread = thread->id;
    cxx_describe(record, report.cxx_type, sizeof report.cxx_type, report.cxx_what, sizeof report.cxx_what);
    report.culprit = thread->overflow ? thread->overflow : take_snapshot(thread, context);
    thread->overflow = NULL;
    write_report("exception");
    end_worker(record->ExceptionCode);
}

/* Most first-chance exceptions are handled and nobody's business. Two kinds are watched:
   a stack overflow, because Wine 8 fails to deliver it, and ends the thread without a word or lets it fault for ever;
   and one in DllMain, which the loader swallows: LoadLibrary only fails, FreeLibrary does not even do that. The loader
   has swallowed it when the stack is unwound to a place in ntdll. */
static void watch(const EXCEPTION_RECORD *record, Thread *thread)
{
    bool overflow = record->ExceptionCode == STATUS_STACK_OVERFLOW, loader = box_in_loader(thread->id);
    if (thread->overflow || (!overflow && !loader) || !thread_context(thread, &thread->context)) return;
    thread->record = *record;
    if (record->ExceptionCode == STATUS_BREAKPOINT) thread->context.Rip = (DWORD64)(ULONG_PTR)record->ExceptionAddress;
    if (overflow) {
        thread->overflow = take_snapshot(thread, &thread->context);
        thread->overflowed_at = GetTickCount64();
    }
    if (loader) breakpoint_arm(AT_UNWIND);
}

static void forget(Thread *thread)
{
    free(thread->overflow);
    thread->overflow = NULL;
    thread->record.ExceptionCode = 0;
}

/* Returns whether another unwinding is of interest. */
static bool on_unwind(Thread *thread, DWORD64 target)
{
    Module *module = module_at(target);
    if (thread->record.ExceptionCode && box_in_loader(thread->id) && module && !_stricmp(module->name, "ntdll.dll"))
        on_crash(&thread->record, thread, &thread->context);
    forget(thread);
    for (Thread *t = threads; t; t = t->next)
        if (t->record.ExceptionCode) return true;
    return false;
}

/* A thread that still is below the point of its overflow has not recovered from it. */
static bool is_lost(Thread *thread)
{
    CONTEXT context;
    return thread->overflow && thread_context(thread, &context) && context.Rsp <= thread->context.Rsp;
}

void look_at_overflows(void)
{
    for (Thread *t = threads; t; t = t->next) {
        if (!t->overflow || GetTickCount64() - t->overflowed_at < OVERFLOW_GRACE_MS) continue;
        SuspendThread(t->handle);
        if (is_lost(t)) on_crash(&t->record, t, &t->context);
        else forget(t);
        ResumeThread(t->handle);
    }
}

static void on_exit_asked(Place place, Thread *thread, const CONTEXT *context)
{
    if (report.exit_function || killed_at) return;
    report.exit_function = breakpoint_name(place);
    report.exit_thread = thread->id;
    report.exit_asked = (DWORD)(place == AT_TERMINATE_PROCESS ? context->Rdx : context->Rcx);
    report.culprit = take_snapshot(thread, context);
}

/* A thread must not end inside the module: its call would never return. */
static void on_thread_exit_asked(Thread *thread, const CONTEXT *context)
{
    thread->leaving = true;
    if (killed_at || exiting || !box_in_phase(thread->id)) return;
    on_exit_asked(AT_EXIT_THREAD, thread, context);
    write_report("thread_exit");
    end_worker(report.exit_asked);
}

static bool is_worker(DWORD64 handle)
{
    HANDLE copy;
    if (handle == (DWORD64)-1) return true;
    if (!DuplicateHandle(process, (HANDLE)(ULONG_PTR)handle, GetCurrentProcess(), &copy,
                         PROCESS_QUERY_LIMITED_INFORMATION, FALSE, 0))
        return false;
    bool same = GetProcessId(copy) == process_id;
    CloseHandle(copy);
    return same;
}

/* So ends ExitProcess, too; that was noted when it began. */
static bool is_called_by_ntdll(const CONTEXT *context)
{
    DWORD64 caller;
    Module *module = read_memory(context->Rsp, &caller, sizeof caller) ? module_at(caller) : NULL;
    return module && !_stricmp(module->name, "ntdll.dll");
}

static void on_breakpoint(Place place, DWORD64 address, Thread *thread)
{
    CONTEXT context;
    if (!thread_context(thread, &context)) return;
    context.Rip = address;
    bool again = false;
    switch (place) {
    case AT_EXIT_PROCESS:
        exiting = true;
        if (!box_leaving()) on_exit_asked(place, thread, &context);
        break;
    case AT_TERMINATE_PROCESS:
        again = !is_worker(context.Rcx);
        if (!again && !is_called_by_ntdll(&context)) on_exit_asked(place, thread, &context);
        break;
    case AT_EXIT_THREAD:
        again = true;
        on_thread_exit_asked(thread, &context);
        break;
    case AT_OUTPUT_W:
        again = true;
        on_output(context.Rcx, true, thread);
        thread->spoke_wide = true;
        break;
    case AT_UNWIND:
        again = on_unwind(thread, context.Rdx);
        break;
    default:
        return;
    }
    breakpoint_pass(place, thread, &context, again);
}

DWORD on_exception(const EXCEPTION_DEBUG_INFO *info, Thread *thread)
{
    const EXCEPTION_RECORD *record = &info->ExceptionRecord;
    Place place;
    if (!thread) return DBG_EXCEPTION_NOT_HANDLED;
    if (record->ExceptionCode == STATUS_BREAKPOINT) {
        if (!started) {
            started = true;
            breakpoints_set();
            debugging_hides();
            wine_repair_exceptions();
            return DBG_CONTINUE;
        }
        DWORD64 address = (DWORD64)(ULONG_PTR)record->ExceptionAddress;
        if (breakpoint_hit(address, &place)) {
            on_breakpoint(place, address, thread);
            return DBG_CONTINUE;
        }
    }
    if (record->ExceptionCode == STATUS_SINGLE_STEP && breakpoint_stepped(thread)) return DBG_CONTINUE;
    if (!info->dwFirstChance) {
        CONTEXT context;
        if (thread_context(thread, &context)) on_crash(record, thread, &context);
        return DBG_EXCEPTION_NOT_HANDLED;
    }
    remember(record, thread->id);
    if (is_lost(thread)) on_crash(&thread->record, thread, &thread->context);
    else watch(record, thread);
    return DBG_EXCEPTION_NOT_HANDLED;
}

/* A thread that was seen overflowing and did not ask for its end has died of the overflow. */
void on_thread_end(DWORD id, DWORD code)
{
    Thread *thread = thread_find(id);
    report.ended[report.ended_count++ % HISTORY] = (Ended){id, code};
    if (!thread || report.exit_function || exiting || killed_at) return;
    if (thread->overflow && !thread->leaving) {
        on_crash(&thread->record, thread, &thread->context);
    } else if (box_in_phase(id)) {
        write_report("thread_exit");
        end_worker(code);
    }
}

/* --- the last word ------------------------------------------------------------------------------------------------ */

void verdict_open(const WCHAR *path) { wcsncpy(report_path, path, MAX_PATH - 1); }

ULONGLONG killed_since(void) { return killed_at ? GetTickCount64() - killed_at + 1 : 0; }

void verdict_close(DWORD exit_code)
{
    report.exited = true;
    report.exit_code = exit_code;
    if (!reported && !(box_leaving() && exit_code == 0)) write_report(report.exit_function ? "exit" : "gone");
}
