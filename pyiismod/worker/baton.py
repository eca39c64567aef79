"""Whose turn it is to read: one thread of a pool at a time, and never nobody for long.

Whoever reads a command carries it out. To wake another reader for each command would cost as much as a small request
takes, so a thread keeps the baton while it works: it is on loan. A watcher takes it away from whoever works for longer
than :data:`PATIENCE` while something waits to be read, and gives it to an idle thread, or a new one. After that, until
things are calm again, whoever finds something waiting hands the baton on before the work, and whoever is ready with his
work takes it over from whoever is not. A command that needs others to be read hands it on in any case.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from time import sleep

__all__ = ["PATIENCE", "Baton"]

PATIENCE = 0.001
"""Seconds that one command may keep the next one waiting."""

_CALM = 256  # commands, after which the baton is kept again, whatever waits
_LONG = 20  # looks at one loan, after which somebody reads, even if nothing seems to wait
_UNWATCHED = 50  # looks without anything new, after which the watcher rests


class Baton:
    """One for each channel.

    Args:
        work: what a new thread does; it begins with :meth:`take`.
        waits: says whether there is something to read.
    """

    def __init__(self, work: Callable[[], None], waits: Callable[[], bool]) -> None:
        self._work = work
        self._waits = waits
        self._lock = allocate_lock()
        self._baton = allocate_lock()
        self._wake = allocate_lock()  # held while the watcher rests
        self._wake.acquire()
        self._is_watched = False
        self._idle = 0
        self._busy = 0  # commands to go before the baton is kept again
        self._lent = 0  # number of the loan that is out; 0 for none
        self._loans = 0
        start_new_thread(self._watch, ())

    def take(self) -> None:
        """Wait until this thread is the one that reads."""
        self._baton.acquire()

    def lend(self, *, is_wanted: bool) -> int:
        """The reader goes to work.

        Args:
            is_wanted: whether somebody should read at once.

        Returns:
            number of the loan, for :meth:`regain`; 0 when another thread has the baton already.
        """
        with self._lock:
            was_busy, self._busy = self._busy, max(self._busy - 1, 0)
            if is_wanted:
                self._busy = _CALM
            if is_wanted or (was_busy and self._waits()):
                self._hand_on()
                return 0
            self._loans += 1
            self._lent = self._loans
            if not self._is_watched:
                self._is_watched = True
                self._wake.release()
            return self._loans

    def regain(self, loan: int) -> bool:
        """The work is done: return whether this thread is the reader now; if not, it has to :meth:`take` its turn."""
        with self._lock:
            if self._lent and (self._lent == loan or self._busy):
                self._lent = 0
                return True
            self._idle += 1
            return False

    def _hand_on(self) -> None:
        if self._idle:
            self._idle -= 1
        else:
            start_new_thread(self._work, ())
        self._baton.release()

    def _watch(self) -> None:
        while True:
            self._wake.acquire()
            seen, nothing_new = 0, 0
            while nothing_new < _UNWATCHED:
                sleep(PATIENCE)
                with self._lock:
                    nothing_new = nothing_new + 1 if self._loans == seen else 0
                    if self._lent and self._lent == seen and (self._waits() or nothing_new >= _LONG):
                        self._lent, self._busy = 0, _CALM
                        self._hand_on()
                    seen = self._loans
                    if nothing_new >= _UNWATCHED:
                        self._is_watched = False
