"""The request's entity body: what modules read, once, and may put back (fact sheet 5.2).

IIS keeps no copy: who reads takes it from everyone after. The body is a queue of pieces; a read takes from the first
piece only, so that partial reads are as normal as they are in IIS. Inserted buffers are not copied: they are read when
their turn comes.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

from pyiismod.host._abi import ffi

_lock = Lock()  # one for all bodies: making one costs more under Wine than a request may


class EntityBody:
    """The unread rest of a request body. Thread-safe.

    Args:
        preloaded: (pointer, size) of the part that arrived with the headers.
        rest: the part still on the wire.
    """

    def __init__(self, preloaded: tuple[Any, int], rest: bytes) -> None:
        self._rest = rest  # ffi.from_buffer below borrows it
        self._pieces: deque[tuple[Any, int, bool]] = deque()  # pointer, size, whether it is on the wire
        for pointer, size, on_the_wire in ((*preloaded, False), (ffi.from_buffer(rest), len(rest), True)):
            if size:
                self._pieces.append((pointer, size, on_the_wire))

    @property
    def is_on_the_wire(self) -> bool:
        """Whether the next byte would have to be waited for."""
        with _lock:
            return bool(self._pieces) and self._pieces[0][2]

    @property
    def remaining(self) -> int:
        """Bytes still unread, inserted ones included."""
        with _lock:
            return sum(size for _, size, _ in self._pieces)

    def read(self, buffer: Any, size: int) -> int:
        """Move up to ``size`` bytes to ``buffer``; return how many, 0 at the end."""
        with _lock:
            if not self._pieces:
                return 0
            pointer, available, on_the_wire = self._pieces.popleft()
            taken = min(size, available)
            ffi.memmove(buffer, pointer, taken)
            if taken < available:
                self._pieces.appendleft((pointer + taken, available - taken, on_the_wire))
            return taken

    def insert(self, buffer: Any, size: int) -> None:
        """Put a caller-owned buffer before the unread rest."""
        if size:
            with _lock:
                self._pieces.appendleft((ffi.cast("char *", buffer), size, False))
