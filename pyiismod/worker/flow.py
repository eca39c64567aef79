"""One direction of one body between the two sides: in pieces, with credit, so that a slow reader stops the writer.

The writer may send as long as it has room; what the reader has taken comes back as credit. So neither side ever holds
more than a window of a body, and whoever reads the pipe never waits: what arrives always fits. Both ends are used on
both sides. An end is made before anything can arrive for it, and waits on a queue only, which costs nothing to make.
"""

from __future__ import annotations

from _queue import Empty, SimpleQueue
from collections.abc import Callable
from typing import Any

from pyiismod.worker.protocol import Credit, Gone, Part

__all__ = ["PIECE", "WINDOW", "FlowMessage", "Inflow", "Interrupted", "OtherSideGone", "Outflow", "Wanted"]

PIECE = 256 << 10
"""Bytes of one piece, at most."""

WINDOW = 1 << 20
"""Bytes that a reader has not taken yet, at most, and a piece."""

FlowMessage = Part | Credit | Gone
Send = Callable[[Any], None]
Wanted = Callable[[], bool]
"""Says whether somebody still waits; asked anew after each :meth:`Outflow.wake` and :meth:`Inflow.wake`."""


class OtherSideGone(Exception):
    """Nothing more will come."""


class Interrupted(Exception):
    """Nobody wants what was waited for."""


def always() -> bool:
    """It is wanted, whatever happens."""
    return True


class _Wake:
    """Stands among the pieces of a body, and is none."""


class Outflow:
    """The writing end.

    Args:
        send: takes messages to the other side.
        number: the command that the body belongs to.
        flow: which of its bodies.
    """

    def __init__(self, send: Send, number: int, flow: int) -> None:
        self._send = send
        self._key = (number, flow)
        self._room = WINDOW
        self._credits: SimpleQueue[int | None] = SimpleQueue()
        self._sent = self._credited = 0
        self._ended = False

    @property
    def is_starving(self) -> bool:
        """Whether the reader could be waiting for this end."""
        return not self._ended and self._sent - self._credited < WINDOW

    def write(self, data: bytes | memoryview, is_wanted: Wanted = always) -> None:
        """Send data; wait while there is no room.

        Raises:
            OtherSideGone: nobody reads it any more.
            Interrupted: it is not wanted any more; a part of it may have left.
        """
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            piece = view[start : start + PIECE]
            self._find_room(is_wanted)
            self._room -= len(piece)
            self._sent += len(piece)
            self._send(Part(*self._key, piece))  # type: ignore[arg-type]  # bytes for the wire

    def _find_room(self, is_wanted: Wanted) -> None:
        while True:
            if not is_wanted():
                raise Interrupted
            try:
                credit = self._credits.get(self._room <= 0)
            except Empty:
                return
            if credit is None:
                self._credits.put(None)
                raise OtherSideGone
            self._room += credit

    def wake(self) -> None:
        """Have a write that waits ask whether it is still wanted."""
        self._credits.put(0)

    def end(self) -> None:
        """Say that this was all."""
        self._ended = True
        self._send(Part(*self._key, b""))

    def leave(self) -> None:
        """Say that there will be no more, although this was not all."""
        self._ended = True
        self._send(Gone(*self._key))

    def deliver(self, message: FlowMessage) -> None:
        """Take a message from the other side; never waits."""
        if isinstance(message, Credit):
            self._credited += message.size
            self._credits.put(message.size)
        elif isinstance(message, Gone):
            self.cut()

    def cut(self) -> None:
        """The other side has gone: have this and every later write raise."""
        self._credits.put(None)


class Inflow:
    """The reading end.

    Args:
        send: takes messages to the other side.
        number: the command that the body belongs to.
        flow: which of its bodies.
    """

    def __init__(self, send: Send, number: int, flow: int) -> None:
        self._send = send
        self._key = (number, flow)
        self._pieces: SimpleQueue[bytes | _Wake | None] = SimpleQueue()
        self._owed = self._unread = 0
        self.ended = False
        """Whether the end has been read."""

    @property
    def is_full(self) -> bool:
        """Whether the writer could be waiting for this end."""
        return self._unread >= WINDOW

    def read(self, is_wanted: Wanted = always) -> bytes:
        """Wait for the next piece and return it; b"" at the end, and ever after.

        Raises:
            OtherSideGone: the rest will never come.
            Interrupted: it is not wanted any more; nothing is lost.
        """
        if self.ended:
            return b""
        return self._taken(self._next(is_wanted))

    def read_now(self) -> bytes | None:
        """Return the next piece if it is there, else None; b"" at the end, and ever after.

        Raises:
            OtherSideGone: the rest will never come.
        """
        if self.ended:
            return b""
        try:
            return self._taken(self._next(None))
        except Empty:
            return None

    def _taken(self, piece: bytes | None) -> bytes:
        if piece is None:
            self._pieces.put(None)
            raise OtherSideGone
        self.ended = not piece
        self._owed += len(piece)
        if self._owed >= PIECE and not self.ended:
            owed, self._owed = self._owed, 0
            self._unread -= owed
            self._send(Credit(*self._key, owed))
        return piece

    def _next(self, is_wanted: Wanted | None) -> bytes | None:
        """Return what comes next; wait for it as long as it is wanted, or not at all (None)."""
        while is_wanted is None or is_wanted():
            piece = self._pieces.get(is_wanted is not None)
            if not isinstance(piece, _Wake):
                return piece
        raise Interrupted

    def wake(self) -> None:
        """Have a read that waits ask whether it is still wanted."""
        self._pieces.put(_Wake())

    def leave(self) -> None:
        """Say that nobody reads any more."""
        self.ended = True
        self._send(Gone(*self._key))

    def deliver(self, message: FlowMessage) -> None:
        """Take a message from the other side; never waits."""
        if isinstance(message, Part):
            self._unread += len(message.data)
            self._pieces.put(message.data)
        elif isinstance(message, Gone):
            self.cut()

    def cut(self) -> None:
        """The other side has gone: have reads raise, once they have taken what came before."""
        self._pieces.put(None)
