"""Turns and completions (fact sheet 2.4): who goes on, on which thread, and what is done twice or too early."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pyiismod.pipeline import (
    CONTINUE,
    FINISH_REQUEST,
    PENDING,
    Completion,
    Driver,
    Machine,
    Plan,
    Subscriber,
    Turn,
)

BEGIN, EXECUTE, LOG, END = 0x1, 0x80, 0x400, 0x800


class Host:
    """A dispatcher whose handlers are functions; completions wait in ``scheduled`` until the test delivers them."""

    def __init__(self, *handlers: Callable[[Turn], int], bit: int = EXECUTE) -> None:
        self.handlers = {bit << i: handler for i, handler in enumerate(handlers)}
        subscriber = Subscriber("a", 0, sum(self.handlers) | LOG)
        self.on_completion: Callable[[Completion], int] = lambda completion: CONTINUE
        self.log: list[str] = []
        self.scheduled: list[tuple[Turn, Completion]] = []
        self.driver = Driver(Machine(Plan([subscriber]), lambda: False), self)

    def notify(self, turn: Turn) -> int:
        handler = self.handlers.get(turn.step[1])
        self.log.append(f"told {turn.step[1]:#x}")
        return handler(turn) if handler else CONTINUE

    def completed(self, turn: Turn, completion: Completion) -> int:
        self.log.append(f"completed {completion.what} {completion.size}")
        return self.on_completion(completion)

    def schedule(self, turn: Turn, completion: Completion) -> None:
        self.scheduled.append((turn, completion))

    def strange_status(self, turn: Turn, status: int) -> None:
        self.log.append(f"strange {status}")

    def completed_twice(self, turn: Turn, what: str) -> None:
        self.log.append(f"twice: {what}")

    def forgotten(self, turn: Turn) -> None:
        self.log.append(f"forgotten: {', '.join(completion.what for completion in turn.armed)}")

    def waits(self, turn: Turn) -> None:
        self.log.append(f"waits after {turn.told}")

    def finish(self) -> None:
        self.log.append(f"finished on {threading.current_thread().name}")

    def post(self, size: int = 0, *, early: bool = False) -> None:
        completion = Completion("PostCompletion", size)
        turn = self.driver.turn
        assert turn is not None
        turn.armed.append(completion)
        self.driver.post(turn, completion, early=early)

    def deliver(self) -> None:
        self.driver.deliver(*self.scheduled.pop(0))


FINISHED = ["told 0x400", "finished on MainThread"]


def test_a_completion_is_told_and_its_status_goes_on() -> None:
    host = Host(lambda turn: PENDING)
    host.driver.run()
    host.post(42)
    host.deliver()
    assert host.log == ["told 0x80", "waits after 0", "completed PostCompletion 42", *FINISHED]


def test_posted_inside_the_handler_it_waits_for_pending() -> None:
    def handler(turn: Turn) -> int:
        host.post(7)
        assert host.scheduled == []
        return PENDING

    host = Host(handler)
    host.driver.run()
    host.deliver()
    assert host.log == ["told 0x80", "completed PostCompletion 7", *FINISHED]


def test_an_early_completion_may_end_the_request_under_its_handler() -> None:
    """IIS does not serialise: the completion runs while the handler is on its stack, and may go to the very end."""

    def handler(turn: Turn) -> int:
        host.post(early=True)
        host.deliver()
        assert host.log[-1] == "finished on MainThread"
        return PENDING

    host = Host(handler)
    host.driver.run()
    assert host.log == ["told 0x80", "completed PostCompletion 0", *FINISHED]


def test_completions_may_keep_it_waiting() -> None:
    host = Host(lambda turn: PENDING)
    left = [PENDING, PENDING, FINISH_REQUEST]
    host.on_completion = lambda completion: left.pop(0)
    host.driver.run()
    for size in (1, 2, 3):
        assert host.driver.turn is not None
        host.post(size)
        host.deliver()
    assert host.log[1:6] == [
        "waits after 0",
        "completed PostCompletion 1",
        "waits after 1",
        "completed PostCompletion 2",
        "waits after 2",
    ]
    assert host.log[6:] == ["completed PostCompletion 3", *FINISHED]


def test_indicate_goes_on_inside_the_call_even_under_the_handler() -> None:
    """A published dump: the next handler on top of the one that indicated (2.4)."""

    def handler(turn: Turn) -> int:
        host.driver.indicate(turn, CONTINUE)
        host.log.append("back in the handler")
        return PENDING

    host = Host(handler)
    host.driver.run()
    assert host.log == ["told 0x80", *FINISHED, "back in the handler"]


def test_indicate_from_another_thread_finishes_there() -> None:
    host = Host(lambda turn: PENDING)
    host.driver.run()
    assert host.driver.turn is not None
    thread = threading.Thread(target=host.driver.indicate, args=(host.driver.turn, FINISH_REQUEST), name="module's own")
    thread.start()
    thread.join()
    assert host.log == ["told 0x80", "waits after 0", "told 0x400", "finished on module's own"]


@pytest.mark.parametrize("status", [CONTINUE, FINISH_REQUEST])
def test_to_go_on_after_indicate_is_to_complete_twice(status: int) -> None:
    def handler(turn: Turn) -> int:
        host.driver.indicate(turn, CONTINUE)
        return status

    host = Host(handler)
    host.driver.run()
    assert host.log == ["told 0x80", *FINISHED, "twice: the handler's return"]


def test_indicate_twice() -> None:
    host = Host(lambda turn: PENDING)
    host.driver.run()
    turn = host.driver.turn
    assert turn is not None
    host.driver.indicate(turn, CONTINUE)
    host.driver.indicate(turn, CONTINUE)
    assert host.log == ["told 0x80", "waits after 0", *FINISHED, "twice: IndicateCompletion"]


def test_post_and_then_indicate() -> None:
    """Mistake 3: it goes on without the completion, which comes when the turn is settled already."""
    host = Host(lambda turn: PENDING)
    host.driver.run()
    turn = host.driver.turn
    assert turn is not None
    host.post()
    host.driver.indicate(turn, CONTINUE)
    host.deliver()
    assert host.log == ["told 0x80", "waits after 0", "forgotten: PostCompletion", *FINISHED, "twice: PostCompletion"]


def test_to_go_on_without_waiting_is_noted() -> None:
    """Mistake 5: CONTINUE while something is outstanding."""

    def handler(turn: Turn) -> int:
        host.post()
        return CONTINUE

    host = Host(handler)
    host.driver.run()
    assert host.log == ["told 0x80", "forgotten: PostCompletion", *FINISHED]


def test_many_threads_complete_many_requests() -> None:
    """Each request is finished once, whoever is first: post and indicate race on purpose."""

    def race(host: Host) -> None:
        turn = host.driver.turn
        assert turn is not None
        first = threading.Thread(target=host.driver.indicate, args=(turn, CONTINUE))
        second = threading.Thread(target=host.driver.deliver, args=(turn, Completion("PostCompletion")))
        for thread in (first, second):
            thread.start()
        for thread in (first, second):
            thread.join()

    for _ in range(200):
        host = Host(lambda turn: PENDING)
        host.driver.run()
        race(host)
        assert sum(line.startswith("finished") for line in host.log) == 1
        assert sum(line.startswith("twice") for line in host.log) == 1
