/* postmortem.json: what is known about the end of the worker; pyiismod/worker/postmortem.py reads it. */
#ifndef IISMOD_REPORT_H
#define IISMOD_REPORT_H

#include "debuggee.h"

typedef struct { DWORD code, thread; DWORD64 address; } Seen; /* a first-chance exception */
typedef struct { DWORD thread, code; } Ended;

enum { HISTORY = 32 };

typedef struct {
    const char *cause; /* "exception", "exit", "thread_exit", "hang" or "gone" */
    bool exited;
    DWORD exit_code;
    EXCEPTION_RECORD exception; /* ExceptionCode 0: none */
    DWORD exception_thread;
    char cxx_type[256], cxx_what[1024];
    const char *exit_function; /* NULL: nobody was seen asking for the end */
    DWORD exit_thread, exit_asked;
    Snapshot *culprit;    /* may be NULL */
    Snapshot *all;        /* of every thread, when it hung */
    int all_count;
    Seen seen[HISTORY];
    DWORD seen_count;
    Ended ended[HISTORY];
    DWORD ended_count;
} Report;

/* Replaces the file in one step, so that nobody reads half of it. */
bool report_write(const Report *report, const WCHAR *path);

#endif
