"""The request's entity body: what modules read, once, and may put back (fact sheet 5.2).

IIS keeps no copy: who reads takes it from everyone after. The body is a queue of pieces; a read takes from the first
piece only, so that partial reads are as normal as they are in IIS. Inserted buffers are not copied: they are read when
their turn comes. Behind the pieces there may be a rest that the client still sends; a read waits for it.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from typing import Any

from pyiismod.host._abi import ffi
from pyiismod.host.incoming import ClientGone, GivenUp, Incoming, Wanted, always

UNKNOWN = 0xFFFFFFFF
"""What ``GetRemainingEntityBytes`` answers for a chunked body before its end (unconfirmed; as ``cbTotalBytes``)."""

_lock = allocate_lock()  # one for all bodies: making one costs more under Wine than a request may


class EntityBody:
    """The unread part of a request body. Thread-safe.

    Args:
        incoming: the request.
        preloaded: (pointer, size) of the part that arrived with the headers.
        rest: the part of ``incoming.body`` still on the wire.
    """

    def __init__(self, incoming: Incoming, preloaded: tuple[Any, int], rest: bytes) -> None:
        self._pieces: deque[tuple[Any, int, bool]] = deque()  # pointer, size, whether it is on the wire
        for pointer, size, on_the_wire in ((*preloaded, False), (ffi.from_buffer(rest), len(rest), True)):
            if size:
                self._pieces.append((pointer, size, on_the_wire))
        self._incoming = incoming
        self._owner = rest  # a pointer into it borrows
        self._came = preloaded[1] + len(rest)
        self._is_complete = incoming.rest is None or self._came == incoming.declared
        self._end_seen = incoming.declared is not None
        self._seed = incoming.short_reads
        self._fetching = allocate_lock() if incoming.rest is not None else None

    @property
    def is_on_the_wire(self) -> bool:
        """Whether the next byte would have to be waited for."""
        with _lock:
            return self._pieces[0][2] if self._pieces else not self._is_complete

    @property
    def remaining(self) -> int:
        """Bytes still unread, inserted ones included; :data:`UNKNOWN` before the end of a chunked body."""
        with _lock:
            if not self._end_seen:
                return UNKNOWN
            coming = 0 if self._is_complete else max(0, (self._incoming.declared or 0) - self._came)
            return sum(size for _, size, _ in self._pieces) + coming

    def read(self, buffer: Any, size: int, is_wanted: Wanted = always) -> int:
        """Move up to ``size`` bytes to ``buffer``; return how many, 0 at the end.

        Raises:
            ClientGone: the client went away before it sent them.
            GivenUp: they are not wanted any more; nothing is lost, and nothing goes to ``buffer`` after :meth:`wake`.
        """
        while True:
            with _lock:
                if not is_wanted():
                    raise GivenUp
                if self._pieces:
                    return self._take(buffer, size)
                if self._is_complete:
                    self._end_seen = True
                    return 0
            self._fetch(is_wanted)

    def _take(self, buffer: Any, size: int) -> int:
        pointer, available, on_the_wire = self._pieces.popleft()
        taken = min(size, available)
        if self._seed is not None:
            self._seed = (self._seed * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            taken = 1 + (self._seed >> 33) % taken
        ffi.memmove(buffer, pointer, taken)
        if taken < available:
            self._pieces.appendleft((pointer + taken, available - taken, on_the_wire))
        return taken

    def _fetch(self, is_wanted: Wanted) -> None:
        """Wait for the next piece from the client."""
        rest = self._incoming.rest
        if rest is None or self._fetching is None:
            raise ClientGone
        with self._fetching:
            with _lock:
                if self._pieces or self._is_complete:
                    return  # another thread has waited for it
            data = rest.read(is_wanted)
            with _lock:
                if data:
                    self._owner = data
                    self._pieces.append((ffi.from_buffer(data), len(data), True))
                    self._came += len(data)
                self._is_complete = not data or self._came == self._incoming.declared

    def wake(self) -> None:
        """Have a read that waits ask whether it is still wanted; one that does not wait is over."""
        with _lock:
            rest = self._incoming.rest
        if rest is not None:
            rest.wake()

    def insert(self, buffer: Any, size: int) -> None:
        """Put a caller-owned buffer before the unread rest."""
        if size:
            with _lock:
                self._pieces.appendleft((ffi.cast("char *", buffer), size, False))
