"""Guarded memory: each buffer that modules get lies at the end of its own pages, before one that nobody may touch.

    ┌──────────── committed ───────────┐┌─ guard ─┐
    │ canary … │ the buffer │ < 16 bytes of canary │ no access │
    └──────────┴────────────┴──────────────────────┘└─────────┘

An access behind the buffer faults at once, and so does any access after its end, because its pages are decommitted and
stay reserved for a while. A write before it, or into the few bytes that alignment leaves behind it, shows in the canary
when the buffer ends. The process dies of a fault; what it hit is found in a file that lists every buffer
(:class:`Ledger`), which :mod:`pyiismod.guarded` reads afterwards.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import deque

from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.trace import current

__all__ = ["Guarded", "Ledger"]

PAGE = 4096
_CANARY = 0xFD
_LONGEST_KEPT = 4096  # buffers that have ended and whose addresses are not used again yet
_lock = allocate_lock()


class Ledger:
    """The list of all guarded buffers, as lines of a file: ``state base end start size what``, numbers in hexadecimal.

    Args:
        path: of the file, which is made anew.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0))
        self._ended: deque[Guarded] = deque()

    def note(self, state: str, block: Guarded) -> None:
        """Write one line."""
        line = f"{state} {block.base:x} {block.end:x} {block.start:x} {block.size:x} {block.what}\n"
        os.write(self._file, line.encode("utf-8", "replace"))

    def bury(self, block: Guarded) -> None:
        """Keep the addresses of a buffer that has ended out of use for a while."""
        self.note("freed", block)
        with _lock:
            self._ended.append(block)
            oldest = self._ended.popleft() if len(self._ended) > _LONGEST_KEPT else None
        if oldest is not None:
            self.note("gone", oldest)
            win32.release(oldest.base)


class Guarded:
    """One buffer.

    Args:
        ledger: where it is listed.
        size: bytes.
        alignment: of its address.

    Attributes:
        pointer, view: the buffer.
        base, end: what belongs to it, its guard page included.
        start: where the buffer begins.
        what: how a module came to it, in words.

    Raises:
        MemoryError: there is no more.
    """

    __slots__ = ("_ledger", "base", "end", "pointer", "size", "start", "view", "what")

    def __init__(self, ledger: Ledger, size: int, alignment: int, what: str = "") -> None:
        room = (size + PAGE - 1) // PAGE * PAGE or PAGE
        self._ledger = ledger
        self.base = win32.reserve(room + PAGE, room)
        self.end = self.base + room + PAGE
        self.size = size
        self.start = (self.base + room - size) // alignment * alignment
        ffi.buffer(ffi.cast("char *", self.base), room)[:] = bytes((_CANARY,)) * room
        self.pointer = ffi.cast("char *", self.start)
        self.view = ffi.buffer(self.pointer, size) if size else ffi.buffer(self.pointer, 1)
        self.what = what or _source()
        ledger.note("live", self)

    def damage(self) -> str | None:
        """Return what was written around the buffer, in words; None when nothing was."""
        guard = self.end - PAGE
        for name, start, end in (("before", self.base, self.start), ("behind", self.start + self.size, guard)):
            room = ffi.buffer(ffi.cast("char *", start), end - start)[:] if end > start else b""
            if room.strip(bytes((_CANARY,))):
                return f"something was written {name} the {self.size} bytes of {self.what}"
        return None

    def free(self) -> None:
        """End it: any access faults from now on."""
        win32.decommit(self.base, self.end - PAGE - self.base)
        self._ledger.bury(self)


def _source() -> str:
    """Return how the module that this thread is in comes to the memory."""
    frame = current()
    if frame is None or frame.module is None:
        return "a request's own data"
    events = frame.timeline.events
    for event in reversed(events[-8:]):
        if event.event == "call":
            return f"{event.interface}::{event.method}"
    return frame.notification or "a request's own data"
