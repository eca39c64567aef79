"""The threads of the fake IIS: a pool that grows when none is idle. Each is in COM's multithreaded apartment.

Modules block, complete requests from anywhere, and expect that a completion never waits for another; so the pool has no
upper limit of its own, as long as threads are free to be made.
"""

from __future__ import annotations

from _queue import SimpleQueue
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable

from pyiismod.host import win32
from pyiismod.host.trace import Timeline
from pyiismod.host.traffic import Traffic

Work = Callable[[], None]


class Pool:
    """Runs work on its threads; what is submitted first starts first.

    Args:
        going_back: called on a thread of the pool each time its work is done.

    Attributes:
        traffic: what is submitted and not done.
    """

    def __init__(self, going_back: Work) -> None:
        self.traffic = Traffic()
        self._going_back = going_back
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._lock = allocate_lock()
        self._idle = 0

    def submit(self, work: Work) -> None:
        """Have ``work`` called on a thread of the pool; it must not raise."""
        self.traffic.enter()
        with self._lock:
            grow = self._idle == 0
            self._idle -= not grow
        self._queue.put(work)
        if grow:
            start_new_thread(self._run, ())

    def _run(self) -> None:
        win32.join_apartment()
        while (work := self._queue.get()) is not None:
            work()
            self._going_back()
            self.traffic.leave()
            with self._lock:
                self._idle += 1
        self._queue.put(None)

    def end(self) -> None:
        """Have all threads end; nothing may be submitted any more."""
        self._queue.put(None)


def on_system_thread(timeline: Timeline, work: Work) -> None:
    """Have ``work`` called on a thread that is none of the pool's, and wait for its end; what it raises is raised here.

    The process host tells the worker process on such threads what it has to do.
    """
    gate = allocate_lock()
    raised: list[BaseException] = []
    gate.acquire()

    def run() -> None:
        try:
            win32.join_apartment()
            with timeline.visit():
                work()
        except BaseException as error:
            raised.append(error)
        gate.release()

    start_new_thread(run, ())
    gate.acquire()
    if raised:
        raise raised[0]
