"""Who is under way: counted, so that an end can wait for them."""

from __future__ import annotations

from _thread import LockType, allocate_lock

_lock = allocate_lock()  # one for all counts: held for a few instructions


class Traffic:
    """Counts what goes in and out, on any thread.

    Attributes:
        count: how many are inside.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[LockType] = []

    def enter(self) -> None:
        """One more is inside."""
        with _lock:
            self.count += 1

    def leave(self) -> None:
        """One has left; when nobody is inside any more, those who wait for that go on."""
        with _lock:
            self.count -= 1
            if self.count or not self._waiting:
                return
            waiting, self._waiting = self._waiting, []
        for gate in waiting:
            gate.release()

    def drain(self) -> None:
        """Wait until nobody is inside."""
        with _lock:
            if not self.count:
                return
            gate = allocate_lock()
            gate.acquire()
            self._waiting.append(gate)
        gate.acquire()
