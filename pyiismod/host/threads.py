"""The threads of the fake IIS: a pool that grows when none is idle. Each is in COM's multithreaded apartment.

Modules block, complete requests from anywhere, and expect that a completion never waits for another; so the pool has no
upper limit of its own, as long as threads are free to be made.
"""

from __future__ import annotations

from _queue import SimpleQueue
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable

from pyiismod.host import win32

Work = Callable[[], None]


class Pool:
    """Runs work on its threads; what is submitted first starts first."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Work] = SimpleQueue()
        self._lock = allocate_lock()
        self._idle = 0

    def submit(self, work: Work) -> None:
        """Have ``work`` called on a thread of the pool; it must not raise."""
        with self._lock:
            grow = self._idle == 0
            self._idle -= not grow
        self._queue.put(work)
        if grow:
            start_new_thread(self._run, ())

    def _run(self) -> None:
        win32.join_apartment()
        while True:
            self._queue.get()()
            with self._lock:
                self._idle += 1
