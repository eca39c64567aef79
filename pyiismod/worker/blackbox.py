"""The black box: a file mapped by three processes that survives the death of any of them.

The worker notes what each thread is doing and its last calls into the host; the supervisor appends what the module
sent to OutputDebugString; our side reads all of it, mostly afterwards. ``native/launcher/blackbox.h`` has the same
numbers for the supervisor. Little-endian::

    0                header: magic, version, size, control and pipe words, ends of the debug ring, messages sent
    SLOTS            64 thread slots: thread id, depth, command id, then 7 frames:
                     {since, "phase\\tpost\\tnotification\\tmodule\\ttold\\tarmed"}
    CALLS            64 call records: sequence, thread id, length, text, sequence again
    DEBUG            ring of {size, thread, time, kind} + UTF-8 text, each record padded to 8 bytes

Nobody locks. A frame is written before the depth that makes it visible; a call record carries its sequence at both
ends and is dropped where they differ; the debug ring's tail moves before a record is overwritten and its head after one
is whole. So a writer may die at any instruction and the rest stays readable. Times are nanoseconds since 1970.
"""

from __future__ import annotations

import itertools
import mmap
import struct
from _thread import allocate_lock, get_native_id
from time import time_ns

__all__ = ["SIZE", "BlackBox", "BlackBoxReader", "DebugString", "Frame", "HostCall", "Thread", "Token"]

MAGIC = b"IISMODBB"
VERSION = 1
CONTROL, LEAVING, DEBUG_HEAD, DEBUG_TAIL, PIPE_IN, PIPE_OUT, SENT = 16, 20, 24, 32, 40, 48, 56
CONTROL_DUMP = 1
LEAVING_ASKED, LEAVING_ORPHANED = 1, 2
SLOTS, SLOT_COUNT, SLOT_SIZE = 4096, 64, 1024
SLOT_THREAD, SLOT_DEPTH, SLOT_COMMAND, SLOT_FRAMES = 0, 4, 8, 16
FRAME_SIZE, FRAME_COUNT = 144, 7
CALLS = SLOTS + SLOT_COUNT * SLOT_SIZE
CALL_COUNT, CALL_SIZE = 64, 256
DEBUG = CALLS + CALL_COUNT * CALL_SIZE
DEBUG_SIZE = 262144
DEBUG_RECORD = 24
TEXT_LIMIT = 8192
SIZE = DEBUG + DEBUG_SIZE
KIND_OUTPUT, KIND_EXCEPTION = 0, 1

_u32 = struct.Struct("<I")
_u64 = struct.Struct("<Q")
_call = struct.Struct("<QIH238sI")
_debug = struct.Struct("<IIQII")
_CALL_TEXT = 238
_SLOT_OFFSETS = range(SLOTS, SLOTS + SLOT_COUNT * SLOT_SIZE, SLOT_SIZE)
_FRAME_TEXT = FRAME_SIZE - 8

Token = tuple[int, int]
"""What :meth:`BlackBox.begin` returns: offset of a depth word and the depth to go back to."""


class Frame:
    """One phase that a thread is in: ``notification`` may be ``None``, ``since`` is in ns since 1970.

    In the phase ``"pending"`` the thread waits for a notification to be completed: ``told`` is how many completions its
    module has got so far, ``armed`` names what is under way for it.
    """

    __slots__ = ("armed", "module", "notification", "phase", "post", "since", "told")

    def __init__(
        self, phase: str, module: str, notification: str | None, post: bool, since: int, told: int = 0, armed: str = ""
    ) -> None:
        self.phase, self.module, self.notification, self.post, self.since = phase, module, notification, post, since
        self.told, self.armed = told, armed

    def __repr__(self) -> str:
        return f"Frame({self.phase!r}, {self.module!r}, {self.notification!r}, {self.post!r}, {self.since!r})"


class Thread:
    """A busy thread: Windows thread ``id``, the ``command`` it works on (0: none), ``frames``, outermost first."""

    __slots__ = ("command", "frames", "id")

    def __init__(self, id: int, command: int, frames: list[Frame]) -> None:
        self.id, self.command, self.frames = id, command, frames


class HostCall:
    """A call of the module into the host, as short ``text``; ``sequence`` counts from 0."""

    __slots__ = ("sequence", "text", "thread")

    def __init__(self, sequence: int, thread: int, text: str) -> None:
        self.sequence, self.thread, self.text = sequence, thread, text


class DebugString:
    """A text for the debugger; with ``exception`` it is the supervisor's note of a first-chance exception."""

    __slots__ = ("exception", "text", "thread", "time")

    def __init__(self, thread: int, time: int, exception: bool, text: str) -> None:
        self.thread, self.time, self.exception, self.text = thread, time, exception, text


class _Mapping:
    """The mapped file and what both sides read from it. Does not create it; closing twice is fine."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:  # noqa: PTH123 - pathlib costs the worker's start-up
            self._map = mmap.mmap(file.fileno(), SIZE)
        if self._map[:8] != MAGIC or self._word(8) != VERSION or self._word(12) != SIZE:
            self._map.close()
            raise ValueError(f"{path} is not a black box of this version")

    def close(self) -> None:
        """Unmap the file, which stays."""
        self._map.close()

    def _word(self, offset: int) -> int:
        value: int = _u32.unpack_from(self._map, offset)[0]
        return value

    def _quad(self, offset: int) -> int:
        value: int = _u64.unpack_from(self._map, offset)[0]
        return value

    def drain_debug(self, cursor: int = 0) -> tuple[list[DebugString], int]:
        """Return the debug strings since ``cursor`` (from an earlier call; 0 is the start) and the next cursor.

        Records that were overwritten meanwhile are left out. Costs two reads when there is nothing new.
        """
        head = self._quad(DEBUG_HEAD)
        if head == cursor:
            return [], cursor
        start = max(cursor, self._quad(DEBUG_TAIL))
        if not start <= head <= start + DEBUG_SIZE:
            return [], head
        at, end = start % DEBUG_SIZE, start % DEBUG_SIZE + head - start
        ring = self._map[DEBUG : DEBUG + DEBUG_SIZE]
        data = ring[at:end] if end <= DEBUG_SIZE else ring[at:] + ring[: end - DEBUG_SIZE]
        valid = self._quad(DEBUG_TAIL)
        found, offset = [], 0
        while offset + DEBUG_RECORD <= len(data):
            size, thread, time, kind, _ = _debug.unpack_from(data, offset)
            text = data[offset + DEBUG_RECORD : offset + DEBUG_RECORD + size]
            if start + offset >= valid:
                found.append(DebugString(thread, time, kind == KIND_EXCEPTION, text.decode("utf-8", "replace")))
            offset += DEBUG_RECORD + (size + 7 & ~7)
        return found, head


class BlackBox(_Mapping):
    """The worker's side. Thread-safe; a call costs about a microsecond.

    Raises:
        ValueError: the file is not a black box of this version.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._lock = allocate_lock()
        self._slots: dict[int, int] = {}
        self._texts: dict[tuple[str, str, str | None, bool], bytes] = {}
        self._free = list(_SLOT_OFFSETS)
        self._sequence = itertools.count()

    def pipes(self) -> tuple[int, int]:
        """Return the Windows handles of the command and the reply pipe, as the supervisor left them."""
        return self._quad(PIPE_IN), self._quad(PIPE_OUT)

    def sent(self) -> int:
        """Return how many messages our side has sent to the worker, the one that is on its way included."""
        return self._quad(SENT)

    def leave(self, *, asked: bool) -> None:
        """Tell the supervisor that the exit of the process, from now on, is meant; not ``asked``: nobody is left."""
        _u32.pack_into(self._map, LEAVING, LEAVING_ASKED if asked else LEAVING_ORPHANED)

    def begin(self, phase: str, module: str, notification: str | None = None, post: bool = False) -> Token:
        """Note that the calling thread enters ``phase`` of ``module``; phases nest."""
        thread = get_native_id()
        slot = self._slots.get(thread) or self._slot(thread)
        key = (phase, module, notification, post)
        text = self._texts.get(key) or self._text(key)
        depth = self._word(slot + SLOT_DEPTH)
        if depth < FRAME_COUNT:
            at = slot + SLOT_FRAMES + depth * FRAME_SIZE
            self._map[at : at + FRAME_SIZE] = _u64.pack(time_ns()) + text
        _u32.pack_into(self._map, slot + SLOT_DEPTH, depth + 1)
        return slot + SLOT_DEPTH, depth

    def end(self, token: Token) -> None:
        """Note that the phase of ``token`` is over, and all that began inside it."""
        _u32.pack_into(self._map, *token)

    def change(self, token: Token, module: str, notification: str | None, post: bool, told: int, armed: str) -> None:
        """Note what a ``"pending"`` phase is about from now on. Any thread may say so while the phase lasts."""
        offset, depth = token
        if depth < FRAME_COUNT:
            at = offset - SLOT_DEPTH + SLOT_FRAMES + depth * FRAME_SIZE
            text = _line("pending", module, notification, post, f"\t{told or ''}\t{armed}")
            self._map[at : at + FRAME_SIZE] = _u64.pack(time_ns()) + text

    def command(self, id: int) -> None:
        """Note which command the calling thread works on; 0 is none."""
        thread = get_native_id()
        _u32.pack_into(self._map, (self._slots.get(thread) or self._slot(thread)) + SLOT_COMMAND, id)

    def call(self, text: str) -> None:
        """Note a call into the host; the last 64 are kept, 238 UTF-8 bytes each."""
        sequence = next(self._sequence)
        data = text.encode("utf-8", "replace")[:_CALL_TEXT]
        _call.pack_into(
            self._map,
            CALLS + sequence % CALL_COUNT * CALL_SIZE,
            sequence + 1,
            get_native_id(),
            len(data),
            data,
            sequence + 1 & 0xFFFFFFFF,
        )

    def _slot(self, thread: int) -> int:
        """Return the offset of the thread's slot, taking a free or, when all are taken, an idle one."""
        with self._lock:
            idle = (o for o in self._free if not self._word(o + SLOT_DEPTH) and not self._word(o + SLOT_COMMAND))
            free = next(idle, self._free[-1])
            self._free.remove(free)
            self._free.append(free)  # whoever came last is asked last
            self._slots.pop(self._word(free + SLOT_THREAD), None)
            self._map[free : free + SLOT_FRAMES] = struct.pack("<IIII", thread, 0, 0, 0)
            self._slots[thread] = free
            return free

    def _text(self, key: tuple[str, str, str | None, bool]) -> bytes:
        text = self._texts[key] = _line(*key)
        return text


def _line(phase: str, module: str, notification: str | None, post: bool, rest: str = "") -> bytes:
    line = f"{phase}\t{'post' if post else ''}\t{notification or ''}\t{module}{rest}"
    return line.encode("utf-8", "replace")[:_FRAME_TEXT].ljust(_FRAME_TEXT, b"\0")


class BlackBoxReader(_Mapping):
    """Our side, while the worker lives and afterwards. Never raises over what a dying writer left."""

    @staticmethod
    def create(path: str) -> BlackBoxReader:
        """Create the file, which must not exist, and map it."""
        with open(path, "xb") as file:  # noqa: PTH123
            file.write((MAGIC + struct.pack("<II", VERSION, SIZE)).ljust(SIZE, b"\0"))
        return BlackBoxReader(path)

    def request_dump(self) -> None:
        """Ask the supervisor to report the stacks of all threads and to end the worker."""
        _u32.pack_into(self._map, CONTROL, CONTROL_DUMP)

    def note_sent(self, count: int) -> None:
        """Tell the worker how many messages are for it: under Wine 8 it cannot see whether a pipe holds anything."""
        _u64.pack_into(self._map, SENT, count)

    def threads(self) -> list[Thread]:
        """Return the threads that are in a phase or work on a command."""
        found = []
        for slot in _SLOT_OFFSETS:
            thread, depth, command = struct.unpack_from("<III", self._map, slot)
            if thread and (depth or command):
                found.append(Thread(thread, command, [self._frame(slot, i) for i in range(min(depth, FRAME_COUNT))]))
        return found

    def used(self) -> bool:
        """Tell whether any thread ever entered a phase."""
        return any(self._quad(slot + SLOT_FRAMES) for slot in _SLOT_OFFSETS)

    def calls(self) -> list[HostCall]:
        """Return the last calls into the host, oldest first."""
        found = []
        for i in range(CALL_COUNT):
            sequence, thread, length, text, check = _call.unpack_from(self._map, CALLS + i * CALL_SIZE)
            if sequence and sequence & 0xFFFFFFFF == check:
                found.append(HostCall(sequence - 1, thread, text[: min(length, _CALL_TEXT)].decode("utf-8", "replace")))
        return sorted(found, key=lambda call: call.sequence)

    def _frame(self, slot: int, index: int) -> Frame:
        at = slot + SLOT_FRAMES + index * FRAME_SIZE
        text = self._map[at + 8 : at + FRAME_SIZE].rstrip(b"\0").decode("utf-8", "replace")
        phase, post, notification, module, told, armed = (text.split("\t", 5) + [""] * 6)[:6]
        count = int(told) if told.isdecimal() else 0
        return Frame(phase, module, notification or None, post == "post", self._quad(at), count, armed)
