"""The baton: one reads at a time, and somebody always does, whatever the others are doing."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Barrier, Event

from pyiismod.worker.baton import Baton


class Pool:
    """Threads that carry out functions in turn, as the worker's carry out commands."""

    def __init__(self) -> None:
        self.work: SimpleQueue[tuple[Callable[[], object], bool]] = SimpleQueue()
        self.readers: list[int] = []
        self.baton = Baton(self.run)
        self.stopped = Event()

    def run(self) -> None:
        from threading import get_ident

        while True:
            self.baton.take()
            mine = True
            while mine:
                function, is_wanted = self.work.get()
                self.readers.append(get_ident())
                loan = self.baton.lend(is_wanted=is_wanted)
                if function():
                    self.stopped.set()
                    return
                mine = self.baton.regain(loan)

    def start(self) -> None:
        from _thread import start_new_thread

        start_new_thread(self.run, ())

    def do(self, function: Callable[[], object], *, is_wanted: bool = False) -> None:
        self.work.put((function, is_wanted))

    def do_all(self, number: int) -> None:
        """Have that many short ones done, one by one."""
        for _ in range(number):
            done = Event()
            self.do(lambda done=done: done.set())
            assert done.wait(10)

    def stop(self) -> None:
        self.do(lambda: True)
        assert self.stopped.wait(10)


def test_short_work_stays_on_one_thread() -> None:
    pool = Pool()
    pool.start()
    pool.do_all(200)
    counts = sorted(pool.readers.count(reader) for reader in set(pool.readers))
    assert counts[-1] >= 100  # a thread that is not scheduled for a while may lose the baton
    pool.stop()


def test_somebody_reads_while_others_work() -> None:
    pool = Pool()
    pool.start()
    meeting = Barrier(9)
    for _ in range(8):
        pool.do(lambda: meeting.wait(10) < 0)
    meeting.wait(10)  # all eight are at work at once, though each had the baton when it began
    pool.do_all(3)
    pool.stop()


def test_work_that_needs_a_reader_hands_the_baton_on_at_once() -> None:
    pool = Pool()
    pool.start()
    read = Event()
    pool.do(lambda: not read.wait(10), is_wanted=True)
    pool.do(read.set)
    assert read.wait(10)
    pool.do_all(600)  # and is kept again after a while
    assert len(set(pool.readers)) <= 4
    pool.stop()


def test_the_watcher_rests_and_wakes() -> None:
    pool = Pool()
    pool.start()
    pool.do_all(1)
    gate = Event()
    gate.wait(0.2)  # long enough for the watcher to rest
    pool.do(lambda: not gate.wait(10))
    pool.do(gate.set)
    assert gate.wait(10)
    pool.do_all(1)
    pool.stop()
