"""Who reads what a worker sends: the caller that waits, or the thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyiismod.errors import WorkerError
from pyiismod.worker import replies as replies_module
from pyiismod.worker.call import Call
from pyiismod.worker.channel import Channel
from pyiismod.worker.protocol import Begun, Done, Reply
from pyiismod.worker.replies import Replies

GONE = WorkerError("the worker is gone")


class Listener:
    """Takes part in a call; its messages are kept."""

    is_awaited = False

    def __init__(self) -> None:
        self.came: list[Any] = []
        self.over = threading.Event()

    def opened(self, number: int, send: Callable[[object], None]) -> None:
        self.number = number

    def deliver(self, message: Any) -> None:
        self.came.append(message)

    def settled(self) -> None:
        self.over.set()


class Worker:
    """The other end of the pipe."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.channel: Channel[Any] = Channel(reading, self.writing, Reply)
        self.lost = threading.Event()
        self.sent: list[int] = []
        pipe = os.fdopen(reading, "rb", buffering=0)
        self.replies = Replies(pipe, self.writing, "test-replies", self.lost.set, self.sent.append)
        self.is_open = True

    def call(self, listener: Listener | None = None) -> tuple[Call, int]:
        call = Call("Test", 10, listener)
        return call, self.replies.expect(call, lambda message: None)

    def hang_up(self) -> None:
        if self.is_open:
            self.is_open = False
            os.close(self.writing)

    @property
    def thread_rests(self) -> bool:
        return not self.replies._is_read


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.hang_up()
    if worker.replies.death is None:
        worker.replies.finish(5)
        worker.replies.fail(GONE)
    assert not worker.replies._thread.is_alive()


def in_thread(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    pause = threading.Event()
    for _ in range(5000):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("that never came")


def test_a_caller_reads_its_reply_on_its_own_thread(worker: Worker) -> None:
    call, number = worker.call()
    read_on: list[str] = []
    settle = call.settle
    call.settle = lambda *args: (read_on.append(threading.current_thread().name), settle(*args))[1]  # type: ignore[method-assign]
    worker.channel.send(Done(number))
    assert call.wait() == Done(number)
    assert read_on == ["MainThread"]
    assert worker.thread_rests


@pytest.mark.parametrize("is_quick", [True, False])
def test_who_leaves_lets_the_thread_read_for_the_others(worker: Worker, is_quick: bool) -> None:
    worker.replies._is_quick = is_quick
    first, one = worker.call()
    second, two = worker.call()
    waiting = in_thread(first.wait)
    until(lambda: worker.replies._is_read)
    others = in_thread(second.wait)
    worker.channel.send(Done(one))
    waiting.join()
    assert not second.is_settled
    worker.channel.send(Done(two))
    others.join()
    assert second.reply == Done(two)
    until(lambda: worker.thread_rests)


def test_who_reads_passes_on_what_is_for_others(worker: Worker) -> None:
    first, one = worker.call()
    second, two = worker.call()
    waiting = in_thread(second.wait)
    until(lambda: worker.replies._is_read)
    worker.channel.send(Done(one))
    assert first.wait() == Done(one)
    assert not second.is_settled
    worker.channel.send(Done(two))
    waiting.join()


def test_a_call_with_a_listener_waits_for_nobody(worker: Worker) -> None:
    listener = Listener()
    call, number = worker.call(listener)
    begun = Begun(number, 200, 0, "OK", [], [])
    worker.channel.send(begun)
    worker.channel.send(Done(number))
    assert listener.over.wait(5)
    assert (listener.came, call.reply) == ([begun], Done(number))
    until(lambda: worker.thread_rests)


def test_an_interruption_between_two_messages_loses_nothing(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted, one = worker.call()
    other, two = worker.call()

    def interrupt(milliseconds: float | None) -> bool:
        monkeypatch.setattr(worker.replies, "_look", look)
        raise KeyboardInterrupt

    look = worker.replies._look
    monkeypatch.setattr(worker.replies, "_look", interrupt)
    with pytest.raises(KeyboardInterrupt):
        interrupted.wait()
    worker.channel.send(Done(one))
    worker.channel.send(Done(two))
    assert other.wait() == Done(two)
    until(lambda: interrupted.is_settled)
    assert not worker.lost.is_set()


def test_an_interruption_inside_a_message_ends_the_worker(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been read is in nobody's hands: nothing that follows could be understood."""
    call, number = worker.call()

    def interrupt(reply: Reply | None, error: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(call, "settle", interrupt)
    worker.channel.send(Done(number))
    with pytest.raises(KeyboardInterrupt):
        call.wait()
    assert worker.lost.is_set()
    assert str(worker.replies.trouble) == "reading a reply was interrupted"


@pytest.mark.parametrize("is_held", [False, True])
def test_what_nobody_asked_for_is_found_out(worker: Worker, is_held: bool) -> None:
    """Whether it came alone, or together with what somebody waited for."""
    call, number = worker.call()
    worker.channel.send(Done(number))
    if not is_held:
        call.wait()
    worker.channel.send(Done(number))
    call.wait()
    worker.replies.check()
    assert worker.lost.wait(5)
    assert str(worker.replies.trouble) == f"nobody asked for Done {number}"


def test_the_end_while_nobody_reads(worker: Worker) -> None:
    worker.hang_up()
    worker.replies.check()
    assert worker.lost.wait(5)


def test_the_last_reply_is_read_behind_the_end_of_the_worker(worker: Worker) -> None:
    call, number = worker.call()
    worker.channel.send(Done(number))
    worker.hang_up()
    worker.replies.finish(5)
    worker.replies.fail(GONE)
    assert call.wait() == Done(number)
    with pytest.raises(WorkerError, match="the worker is gone"):
        worker.call()


def test_a_pipe_that_somebody_holds_open_holds_nobody(worker: Worker) -> None:
    """wineserver may do so for seconds."""
    call, _ = worker.call()
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            call.wait()
        except WorkerError as error:
            errors.append(error)

    waiting = in_thread(wait)
    until(lambda: worker.replies._is_read)
    worker.replies.finish(0.1)
    worker.replies.fail(GONE)
    waiting.join()
    assert [str(error) for error in errors] == ["the worker is gone"]


def test_where_nobody_can_wait_for_two_things_the_thread_reads_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(replies_module, "_CALLERS_READ", False)
    worker = Worker()
    for _ in range(3):
        call, number = worker.call()
        worker.channel.send(Done(number))
        assert call.wait() == Done(number)
        assert not worker.thread_rests
    worker.hang_up()
    worker.replies.finish(5)
    assert worker.lost.is_set()
