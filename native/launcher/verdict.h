/* What each debug event means for the end of the worker. */
#ifndef IISMOD_VERDICT_H
#define IISMOD_VERDICT_H

#include "debuggee.h"

void verdict_open(const WCHAR *report_path);

DWORD on_exception(const EXCEPTION_DEBUG_INFO *info, Thread *thread); /* returns how to continue */
void on_thread_end(DWORD id, DWORD code);
void on_output(DWORD64 address, bool wide, Thread *thread);
void look_at_overflows(void);

void dump_all(void); /* reports the stacks of all threads, and ends the worker */
void end_worker(DWORD code);
ULONGLONG killed_since(void); /* milliseconds since end_worker was called, at least 1; 0 when it was not */

/* Writes the report, unless there is one already or the worker left as it should. */
void verdict_close(DWORD exit_code);

#endif
