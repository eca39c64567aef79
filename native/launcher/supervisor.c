/* supervisor.exe: runs the worker's Python as its debuggee and tells how it ended.

       supervisor.exe DIRECTORY -- PYTHON ARGUMENTS...

   DIRECTORY has "box", the black box (blackbox.h), and "life", an empty file that our other side keeps locked while it
   lives; "postmortem.json" (report.h) is written there. Standard input and output are the protocol's pipes: the worker
   gets them by number, through the box, and never as its standard handles; those are NUL and twice our standard error.
   So no C runtime, whenever it is initialised, can print into the protocol.

   The worker ends: by an exception nobody handles (second chance), or one that would get lost (watch() in verdict.c);
   by an exit, whose caller is caught on a breakpoint; by the end of a thread that is inside the module; on request,
   when it hangs; with us; or when the lock on "life" is gone. (Not when the pipe breaks: PeekNamedPipe of Wine 8 does
   not work on Unix pipes, and any process may have inherited the other end.)
   Our exit code is the worker's. Whoever reads only eight bits of it finds all of them in the report.

   A module can still find out that it is debugged, by asking the kernel for its debug port. */
#include "blackbox.h"
#include "debuggee.h"
#include "verdict.h"

#include <stdio.h>
#include <wchar.h>

enum { POLL_MS = 20, ORPHAN_GRACE_MS = 1000, KILL_PATIENCE_MS = 5000, FAILED = 125 };

static WCHAR directory[MAX_PATH], box_path[MAX_PATH], life_path[MAX_PATH], report_path[MAX_PATH];
static HANDLE life; /* NULL: locks do not work there, and only the worker itself notices that nobody is left */
static ULONGLONG orphaned_at;
static BOOL(WINAPI *wait_for_event)(DEBUG_EVENT *, DWORD); /* WaitForDebugEventEx; Wine 8 has only the old one */

static int fail(const char *what)
{
    fprintf(stderr, "supervisor: %s (error %lu)\n", what, GetLastError());
    return FAILED;
}

static DWORD on_event(DEBUG_EVENT *event)
{
    Thread *thread = thread_find(event->dwThreadId);
    switch (event->dwDebugEventCode) {
    case CREATE_PROCESS_DEBUG_EVENT:
        module_loaded(event->u.CreateProcessInfo.hFile, (DWORD64)(ULONG_PTR)event->u.CreateProcessInfo.lpBaseOfImage);
        CloseHandle(event->u.CreateProcessInfo.hFile);
        thread_started(event->dwThreadId, event->u.CreateProcessInfo.hThread);
        debugging_starts();
        break;
    case CREATE_THREAD_DEBUG_EVENT:
        thread_started(event->dwThreadId, event->u.CreateThread.hThread);
        break;
    case EXIT_THREAD_DEBUG_EVENT:
        on_thread_end(event->dwThreadId, event->u.ExitThread.dwExitCode);
        thread_ended(event->dwThreadId);
        break;
    case LOAD_DLL_DEBUG_EVENT:
        module_loaded(event->u.LoadDll.hFile, (DWORD64)(ULONG_PTR)event->u.LoadDll.lpBaseOfDll);
        CloseHandle(event->u.LoadDll.hFile);
        break;
    case UNLOAD_DLL_DEBUG_EVENT:
        module_unloaded((DWORD64)(ULONG_PTR)event->u.UnloadDll.lpBaseOfDll);
        break;
    case OUTPUT_DEBUG_STRING_EVENT:
        on_output((DWORD64)(ULONG_PTR)event->u.DebugString.lpDebugStringData, event->u.DebugString.fUnicode, thread);
        break;
    case EXCEPTION_DEBUG_EVENT:
        return on_exception(&event->u.Exception, thread);
    }
    return DBG_CONTINUE;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool lock_life(void)
{
    OVERLAPPED start = {0};
    return LockFileEx(life, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &start);
}

static void watch_life(void)
{
    HANDLE file = CreateFileW(life_path, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return;
    life = file;
    if (!lock_life()) return;
    CloseHandle(file);
    life = NULL;
}

static void look_around(void)
{
    ULONGLONG now = GetTickCount64();
    if (killed_since()) return;
    look_at_overflows();
    if (box_control() == BOX_CONTROL_DUMP) dump_all();
    else if (orphaned_at && now - orphaned_at > ORPHAN_GRACE_MS) end_worker(FAILED);
    else if (!orphaned_at && life && lock_life()) orphaned_at = now;
}

static int debug(void)
{
    ULONGLONG looked = GetTickCount64();
    for (;;) {
        DEBUG_EVENT event;
        if (GetTickCount64() - looked >= POLL_MS) {
            look_around();
            looked = GetTickCount64();
        }
        if (!wait_for_event(&event, POLL_MS)) {
            if (killed_since() > KILL_PATIENCE_MS) return fail("the worker does not die");
            continue;
        }
        if (event.dwDebugEventCode == EXIT_PROCESS_DEBUG_EVENT) {
            verdict_close(event.u.ExitProcess.dwExitCode);
            ContinueDebugEvent(event.dwProcessId, event.dwThreadId, DBG_CONTINUE);
            return (int)event.u.ExitProcess.dwExitCode;
        }
        Thread *thread = event.dwDebugEventCode == EXIT_THREAD_DEBUG_EVENT ? thread_find(event.dwThreadId) : NULL;
        HANDLE ended = thread ? thread->handle : NULL;
        ContinueDebugEvent(event.dwProcessId, event.dwThreadId, on_event(&event));
        /* Windows has closed it now; Wine 8 keeps it, and with it the thread. */
        if (ended && GetThreadId(ended) == event.dwThreadId) CloseHandle(ended);
    }
}

/* The part of our own command line after the argument "--", quoted as it came. */
static WCHAR *worker_command(void)
{
    WCHAR *at = GetCommandLineW();
    while (*at) {
        WCHAR *start = at;
        for (bool quoted = false; *at && (quoted || (*at != L' ' && *at != L'\t')); at++)
            if (*at == L'"') quoted = !quoted;
        bool found = at - start == 2 && !wcsncmp(start, L"--", 2);
        while (*at == L' ' || *at == L'\t') at++;
        if (found) return at;
    }
    return NULL;
}

static HANDLE inheritable(HANDLE handle)
{
    HANDLE copy = NULL;
    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, TRUE, DUPLICATE_SAME_ACCESS);
    return copy;
}

static bool start_worker(WCHAR *command)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE), output = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE errors = GetStdHandle(STD_ERROR_HANDLE);
    SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(errors, HANDLE_FLAG_INHERIT, 0);
    HANDLE pipe_in = inheritable(input), pipe_out = inheritable(output);
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    HANDLE nothing = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0,
                                 NULL);
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES, .hStdInput = nothing,
                            .hStdOutput = inheritable(errors), .hStdError = inheritable(errors)};
    PROCESS_INFORMATION info;
    box_pipes(pipe_in, pipe_out);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetEnvironmentVariableW(L"_NO_DEBUG_HEAP", L"1");
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, DEBUG_ONLY_THIS_PROCESS, NULL, NULL, &startup, &info))
        return false;
    process = info.hProcess;
    process_id = info.dwProcessId;
    DebugSetProcessKillOnExit(TRUE);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    AssignProcessToJobObject(job, process);
    CloseHandle(pipe_in);
    CloseHandle(pipe_out);
    CloseHandle(nothing);
    CloseHandle(startup.hStdOutput);
    CloseHandle(startup.hStdError);
    return true;
}

/* Nobody is left to read any of it. */
static void clean_up(void)
{
    box_close();
    CloseHandle(life);
    DeleteFileW(box_path);
    DeleteFileW(life_path);
    DeleteFileW(report_path);
    RemoveDirectoryW(directory);
}

static void join(WCHAR *path, const WCHAR *name) { swprintf(path, MAX_PATH, L"%ls\\%ls", directory, name); }

int wmain(int argc, WCHAR **argv)
{
    WCHAR *command = worker_command();
    if (argc < 4 || !command || wcscmp(argv[2], L"--") || wcslen(argv[1]) > MAX_PATH - 32)
        return fail("usage: supervisor.exe DIRECTORY -- PYTHON ARGUMENTS...");
    wait_for_event = (void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "WaitForDebugEventEx");
    if (!wait_for_event) wait_for_event = WaitForDebugEvent;
    wcscpy(directory, argv[1]);
    join(box_path, L"box");
    join(life_path, L"life");
    join(report_path, L"postmortem.json");
    if (!box_open(box_path)) return fail("cannot open the black box");
    verdict_open(report_path);
    watch_life();
    if (!start_worker(command)) return fail("cannot start the worker");
    int code = debug();
    if (orphaned_at || box_leaving() == BOX_LEAVING_ORPHANED || (life && lock_life())) clean_up();
    return code;
}
