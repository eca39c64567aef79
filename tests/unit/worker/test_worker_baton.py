"""The baton: one reads at a time, and somebody always does, whatever the others are doing."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Barrier, Event, Thread
from time import sleep

import pytest

from pyiismod.worker.baton import Baton


class Pool:
    """Threads that carry out functions in turn, as the worker's carry out commands."""

    def __init__(self) -> None:
        self.work: SimpleQueue[tuple[Callable[[], object], bool]] = SimpleQueue()
        self.readers: list[int] = []
        self.baton = Baton(self.run, lambda: not self.work.empty())
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


def test_two_that_compute_wake_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is ready reads for whoever is not: no third thread is woken for each command."""
    pool = Pool()
    handed = []
    hand_on = pool.baton._hand_on
    monkeypatch.setattr(pool.baton, "_hand_on", lambda: (handed.append(1), hand_on()))
    pool.start()

    def client() -> None:
        for _ in range(50):
            done = Event()
            pool.do(lambda done=done: (sleep(0.003), done.set())[1])
            assert done.wait(10)

    clients = [Thread(target=client) for _ in range(2)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    assert len(handed) < 50
    pool.stop()


def test_who_is_ready_takes_over_from_who_is_not() -> None:
    pool = Pool()
    pool.start()
    first, second = Event(), Event()
    pool.do(lambda: not first.wait(10))  # on loan
    pool.do(lambda: not second.wait(10))  # read by another, when the watcher has seen it wait
    while len(pool.readers) < 2:
        second.wait(0.001)
    second.set()  # and is ready: now it reads, or whoever has the baton by now
    done = Event()
    pool.do(lambda: done.set())
    assert done.wait(10)
    first.set()
    pool.stop()


def test_work_that_nobody_knew_to_wait_is_read_all_the_same() -> None:
    """The other side may have died between saying that something comes and sending it; or says nothing."""
    pool = Pool()
    pool.baton = Baton(pool.run, lambda: False)
    pool.start()
    gate = Event()
    pool.do(lambda: not gate.wait(10))
    pool.do(gate.set)
    assert gate.wait(10)
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
