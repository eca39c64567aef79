/* The supervisor's half of the black box: reads control words and thread slots, appends to the debug ring. */
#include "blackbox.h"

#include <string.h>

static BYTE *box;

static volatile DWORD *word(DWORD offset) { return (volatile DWORD *)(box + offset); }
static volatile DWORD64 *quad(DWORD offset) { return (volatile DWORD64 *)(box + offset); }

bool box_open(const WCHAR *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return false;
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, BOX_SIZE, NULL);
    CloseHandle(file);
    if (!mapping) return false;
    box = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, BOX_SIZE);
    CloseHandle(mapping);
    return box && !memcmp(box, BOX_MAGIC, 8) && *word(8) == BOX_VERSION && *word(12) == BOX_SIZE;
}

void box_close(void)
{
    UnmapViewOfFile(box);
    box = NULL;
}

DWORD box_control(void) { return *word(BOX_CONTROL); }

DWORD box_leaving(void) { return *word(BOX_LEAVING); }

void box_pipes(HANDLE in, HANDLE out)
{
    *quad(BOX_PIPE_IN) = (DWORD64)(ULONG_PTR)in;
    *quad(BOX_PIPE_OUT) = (DWORD64)(ULONG_PTR)out;
}

/* The innermost phase of a thread, "" when it is in none. */
static const char *phase(DWORD thread)
{
    for (DWORD i = 0; i < BOX_SLOT_COUNT; i++) {
        DWORD slot = BOX_SLOTS + i * BOX_SLOT_SIZE, depth = min(*word(slot + BOX_SLOT_DEPTH), BOX_FRAME_COUNT);
        if (*word(slot + BOX_SLOT_THREAD) != thread || !depth) continue;
        return (const char *)box + slot + BOX_SLOT_FRAMES + (depth - 1) * BOX_FRAME_SIZE + 8;
    }
    return "";
}

bool box_in_phase(DWORD thread) { return *phase(thread) != 0; }

bool box_in_loader(DWORD thread)
{
    const char *name = phase(thread);
    return !strncmp(name, "DllMain\t", 8) || !strncmp(name, "DLL_PROCESS_DETACH\t", 19);
}

static void ring_write(DWORD64 at, const void *data, size_t size)
{
    size_t start = (size_t)(at % BOX_DEBUG_SIZE), first = min(size, BOX_DEBUG_SIZE - start);
    memcpy(box + BOX_DEBUG + start, data, first);
    memcpy(box + BOX_DEBUG, (const BYTE *)data + first, size - first);
}

static DWORD64 nanoseconds(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return ((((DWORD64)now.dwHighDateTime << 32) | now.dwLowDateTime) - 116444736000000000ULL) * 100;
}

/* The tail moves before anything is overwritten and the head after the record is whole, so a reader that looks at
   both before and after copying can tell which records it may believe. */
void box_append(DWORD thread, int kind, const char *text, size_t size)
{
    if (size > BOX_TEXT_LIMIT) size = BOX_TEXT_LIMIT;
    struct { DWORD size, thread; DWORD64 time; DWORD kind, zero; } record = {
        (DWORD)size, thread, nanoseconds(), (DWORD)kind, 0};
    DWORD64 head = *quad(BOX_DEBUG_HEAD), tail = *quad(BOX_DEBUG_TAIL);
    DWORD64 end = head + sizeof record + ((size + 7) & ~(size_t)7);
    while (end - tail > BOX_DEBUG_SIZE) {
        DWORD old = *(DWORD *)(box + BOX_DEBUG + tail % BOX_DEBUG_SIZE);
        tail += sizeof record + ((old + 7) & ~7u);
    }
    *quad(BOX_DEBUG_TAIL) = tail;
    MemoryBarrier();
    ring_write(head, &record, sizeof record);
    ring_write(head + sizeof record, text, size);
    MemoryBarrier();
    *quad(BOX_DEBUG_HEAD) = end;
}
