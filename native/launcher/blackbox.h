/* The black box as the supervisor sees it; pyiismod/worker/blackbox.py says what it is. A test compares the numbers. */
#ifndef IISMOD_BLACKBOX_H
#define IISMOD_BLACKBOX_H

#include <stdbool.h>
#include <windows.h>

#define BOX_MAGIC "IISMODBB"
#define BOX_VERSION 1

#define BOX_CONTROL 16      /* u32, ours -> supervisor: BOX_CONTROL_* */
#define BOX_LEAVING 20      /* u32, worker -> supervisor: BOX_LEAVING_*; not 0: the exit that follows is meant */
#define BOX_DEBUG_HEAD 24   /* u64, bytes ever put into the debug ring */
#define BOX_DEBUG_TAIL 32   /* u64, start of the oldest record that is whole */
#define BOX_PIPE_IN 40      /* u64, supervisor -> worker: handle of the command pipe */
#define BOX_PIPE_OUT 48     /* u64, supervisor -> worker: handle of the reply pipe */

#define BOX_CONTROL_RUN 0
#define BOX_CONTROL_DUMP 1 /* write the stacks of all threads, then end the worker */

#define BOX_LEAVING_ASKED 1
#define BOX_LEAVING_ORPHANED 2 /* nobody is at the other end any more */

#define BOX_SLOTS 4096
#define BOX_SLOT_COUNT 64
#define BOX_SLOT_SIZE 1024
#define BOX_SLOT_THREAD 0 /* u32 */
#define BOX_SLOT_DEPTH 4  /* u32 */
#define BOX_SLOT_FRAMES 16
#define BOX_FRAME_COUNT 7
#define BOX_FRAME_SIZE 144 /* u64 ns since 1970, then text: phase, tab, ... */

#define BOX_CALLS (BOX_SLOTS + BOX_SLOT_COUNT * BOX_SLOT_SIZE)
#define BOX_CALL_COUNT 64
#define BOX_CALL_SIZE 256

#define BOX_DEBUG (BOX_CALLS + BOX_CALL_COUNT * BOX_CALL_SIZE)
#define BOX_DEBUG_SIZE 262144
#define BOX_DEBUG_RECORD 24 /* u32 size, u32 thread, u64 ns since 1970, u32 kind, u32 zero; text, padded to 8 */
#define BOX_TEXT_LIMIT 8192

#define BOX_SIZE (BOX_DEBUG + BOX_DEBUG_SIZE)

enum { BOX_KIND_OUTPUT = 0, BOX_KIND_EXCEPTION = 1 };

bool box_open(const WCHAR *path);
void box_close(void);
DWORD box_control(void);
DWORD box_leaving(void);
void box_pipes(HANDLE in, HANDLE out);
bool box_in_phase(DWORD thread);
bool box_in_loader(DWORD thread);
void box_append(DWORD thread, int kind, const char *text, size_t size);

#endif
