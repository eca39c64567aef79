"""What a returned status does (fact sheet 2.1, 2.3), by example and against the rules written down a second time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.abi.notifications import DETERMINISTIC
from pyiismod.pipeline import (
    ALIASES,
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

BEGIN, AUTHENTICATE, EXECUTE, RELEASE, UPDATE, LOG, END = 0x1, 0x2, 0x80, 0x100, 0x200, 0x400, 0x800
EVERY = 0xFFF

Call = tuple[str, int, bool]


class Recorder:
    """A dispatcher that notes calls and answers what ``answers`` says."""

    def __init__(self, answers: dict[Call, int] | None = None, core: int = CONTINUE) -> None:
        self.answers = answers or {}
        self.core_answer = core
        self.calls: list[Call | tuple[str, int]] = []
        self.strange: list[tuple[Call, int]] = []
        self.handled = False
        self.finished = 0
        self.on_call: Callable[[Call], None] = lambda call: None

    def notify(self, turn: Turn) -> int:
        subscriber, bit, post = turn.step
        if subscriber is None:
            self.calls.append(("core", bit))
            return self.core_answer
        call = (subscriber.key, bit, post)
        self.calls.append(call)
        self.on_call(call)
        return self.answers.get(call, CONTINUE)

    def completed(self, turn: Turn, completion: Completion) -> int:
        raise AssertionError("nothing was started here")

    def schedule(self, turn: Turn, completion: Completion) -> None:
        raise AssertionError("nothing was started here")

    def completed_twice(self, turn: Turn, what: str) -> None:
        raise AssertionError(what)

    def forgotten(self, turn: Turn) -> None:
        raise AssertionError(turn.armed)

    def waits(self, turn: Turn) -> None:
        """The test looks at ``calls``."""

    def finish(self) -> None:
        self.finished += 1
        self.calls.append(("finish", 0))

    def strange_status(self, turn: Turn, status: int) -> None:
        subscriber, bit, post = turn.step
        assert subscriber is not None
        self.strange.append(((subscriber.key, bit, post), status))


def driver_of(recorder: Recorder, subscribers: list[Subscriber], core: int = 0) -> tuple[Driver, Machine]:
    machine = Machine(Plan(subscribers, core), lambda: recorder.handled)
    return Driver(machine, recorder), machine


def drive(recorder: Recorder, subscribers: list[Subscriber], core: int = 0) -> list[Any]:
    driver, _ = driver_of(recorder, subscribers, core)
    driver.run()
    assert driver.turn is None
    assert recorder.finished == 1
    return recorder.calls


def everything(*names: str) -> list[Subscriber]:
    return [Subscriber(name, i, EVERY, EVERY) for i, name in enumerate(names)]


def test_each_event_in_order_then_its_post_half_then_the_next() -> None:
    expected: list[Any] = []
    for bit in DETERMINISTIC:
        expected += [("a", bit, False), ("b", bit, False)]
        expected += [("core", bit)] if bit == EXECUTE else []
        expected += [("a", bit, True), ("b", bit, True)]
    assert drive(Recorder(), everything("a", "b"), core=EXECUTE) == [*expected, ("finish", 0)]


@pytest.mark.parametrize("bit", [b for b in DETERMINISTIC if b not in (LOG, END)])
@pytest.mark.parametrize("post", [False, True])
def test_finish_skips_to_log_request(bit: int, post: bool) -> None:
    """Skipped: the rest of this notification, its post half, all events between. LOG and END run in full."""
    calls = drive(Recorder({("a", bit, post): FINISH_REQUEST}), everything("a", "b"), core=EXECUTE)
    at = calls.index(("a", bit, post))
    rest = [(name, b, p) for b in (LOG, END) for p in (False, True) for name in "ab"]
    assert calls[at + 1 :] == [*rest, ("finish", 0)]


@pytest.mark.parametrize("bit", [LOG, END])
@pytest.mark.parametrize("post", [False, True])
def test_finish_in_log_and_end_counts_as_continue_and_is_noted(bit: int, post: bool) -> None:
    recorder = Recorder({("a", bit, post): FINISH_REQUEST})
    assert drive(recorder, everything("a", "b")) == drive(Recorder(), everything("a", "b"))
    assert recorder.strange == [(("a", bit, post), FINISH_REQUEST)]


def test_a_module_whose_begin_was_skipped_still_gets_the_end() -> None:
    calls = drive(Recorder({("a", BEGIN, False): FINISH_REQUEST}), everything("a", "b"))
    assert ("b", BEGIN, False) not in calls
    assert ("b", END, False) in calls


def test_finish_from_the_core_skips_too() -> None:
    calls = drive(Recorder(core=FINISH_REQUEST), [Subscriber("a", 0, UPDATE | LOG, EXECUTE)], core=EXECUTE)
    assert calls == [("core", EXECUTE), ("a", LOG, False), ("finish", 0)]


def test_finish_from_a_handler_leaves_the_core_out() -> None:
    answers = {("a", EXECUTE, False): FINISH_REQUEST}
    assert drive(Recorder(answers), [Subscriber("a", 0, EXECUTE)], core=EXECUTE) == [
        ("a", EXECUTE, False),
        ("finish", 0),
    ]


def test_handlers_are_tried_until_one_handles() -> None:
    recorder = Recorder()

    def handle(call: Call) -> None:
        recorder.handled = call == ("b", EXECUTE, False)

    recorder.on_call = handle
    subscribers = [Subscriber(name, i, EXECUTE, EXECUTE) for i, name in enumerate("abc")]
    calls = drive(recorder, subscribers)
    assert calls == [("a", EXECUTE, False), ("b", EXECUTE, False), *[(n, EXECUTE, True) for n in "abc"], ("finish", 0)]


def test_handled_before_the_stage_means_no_handler_at_all() -> None:
    recorder = Recorder()
    recorder.handled = True
    assert drive(recorder, [Subscriber("a", 0, EXECUTE | RELEASE)]) == [("a", RELEASE, False), ("finish", 0)]


@pytest.mark.parametrize("status", [3, -1, 77, 0x7FFFFFFF, -0x80000000])
def test_a_strange_status_counts_as_continue_and_is_noted(status: int) -> None:
    recorder = Recorder({("a", BEGIN, False): status})
    assert drive(recorder, everything("a", "b")) == drive(Recorder(), everything("a", "b"))
    assert recorder.strange == [(("a", BEGIN, False), status)]


def test_pending_stops_and_a_completion_goes_on() -> None:
    recorder = Recorder({("a", AUTHENTICATE, False): PENDING})
    driver, _ = driver_of(recorder, everything("a", "b"))
    driver.run()
    assert driver.turn is not None
    subscriber, bit, post = driver.turn.step
    assert subscriber is not None
    assert (subscriber.key, bit, post) == ("a", AUTHENTICATE, False)
    stopped = len(recorder.calls)
    assert recorder.calls[-1] == ("a", AUTHENTICATE, False)
    driver.indicate(driver.turn, CONTINUE)
    assert recorder.calls[stopped] == ("b", AUTHENTICATE, False)
    assert recorder.calls == drive(Recorder(), everything("a", "b"))


def test_a_completion_with_finish_skips() -> None:
    recorder = Recorder({("a", AUTHENTICATE, True): PENDING})
    driver, _ = driver_of(recorder, everything("a"))
    driver.run()
    stopped = len(recorder.calls)
    assert driver.turn is not None
    driver.indicate(driver.turn, FINISH_REQUEST)
    assert recorder.calls[stopped] == ("a", LOG, False)


def test_disable_counts_from_now_on() -> None:
    subscribers = everything("a", "b")
    recorder = Recorder()
    driver, machine = driver_of(recorder, subscribers)

    def disable(call: Call) -> None:
        if call == ("b", BEGIN, False):
            machine.disable(subscribers[1], BEGIN | LOG, AUTHENTICATE)
            machine.disable(subscribers[1], 0, END | 0x40000)

    recorder.on_call = disable
    driver.run()
    gone = {("b", LOG, False), ("b", AUTHENTICATE, True), ("b", END, True)}
    assert recorder.calls == [c for c in drive(Recorder(), everything("a", "b")) if c not in gone]


# --- the rules a second time: the full sequence, and for each step one reason to leave it out


specs = st.lists(
    st.tuples(
        st.integers(0, EVERY),
        st.integers(0, EVERY),
        st.dictionaries(st.tuples(st.sampled_from(DETERMINISTIC), st.booleans()), st.sampled_from(ALIASES), max_size=6),
    ),
    min_size=1,
    max_size=4,
)
answers_strategy = st.dictionaries(
    st.tuples(st.integers(0, 3), st.sampled_from(DETERMINISTIC), st.booleans()),
    st.sampled_from([FINISH_REQUEST, PENDING, 5]),
    max_size=5,
)
Answers = dict[tuple[int, int, bool], int]
Disable = dict[tuple[int, int, bool], tuple[int, int]]


def expected(
    modules: list[tuple[int, int, dict[tuple[int, bool], str]]],
    answers: Answers,
    resumes: list[int],
    disable: Disable,
    handles: tuple[int, int, bool] | None,
) -> list[tuple[int, int, bool]]:
    """Section 2.3, without generator or machine."""
    sequence = []
    for bit in DETERMINISTIC:
        for post in (False, True):
            there = [i for i, (mask, post_mask, _) in enumerate(modules) if (post_mask if post else mask) & bit]
            if bit != EXECUTE or post:
                there.sort(key=lambda i: ALIASES.index(modules[i][2].get((bit, post), "MEDIUM")))
            sequence += [(i, bit, post) for i in there]
    told, finished, handled = [], False, False
    off: set[tuple[int, int, bool]] = set()
    resumes = list(resumes)
    for step in sequence:
        _, bit, post = step
        if finished and bit not in (LOG, END):
            continue
        if step in off or (handled and bit == EXECUTE and not post):
            continue
        told.append(step)
        for is_post, mask in enumerate(disable.get(step, (0, 0))):
            off |= {(step[0], b, bool(is_post)) for b in DETERMINISTIC if mask & b}
        handled |= step == handles
        status = answers.get(step, CONTINUE)
        if status == PENDING:
            status = resumes.pop(0) if resumes else CONTINUE
        finished |= status == FINISH_REQUEST and bit not in (LOG, END)
    return told


@given(
    modules=specs,
    answers=answers_strategy,
    resumes=st.lists(st.sampled_from([CONTINUE, FINISH_REQUEST]), max_size=3),
    disable=st.dictionaries(
        st.tuples(st.integers(0, 3), st.sampled_from(DETERMINISTIC), st.booleans()),
        st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)),
        max_size=3,
    ),
    handles=st.none() | st.tuples(st.integers(0, 3), st.sampled_from(DETERMINISTIC), st.booleans()),
)
def test_against_the_rules(
    modules: list[tuple[int, int, dict[tuple[int, bool], str]]],
    answers: Answers,
    resumes: list[int],
    disable: Disable,
    handles: tuple[int, int, bool] | None,
) -> None:
    subscribers = [Subscriber(i, i, mask, post, priorities) for i, (mask, post, priorities) in enumerate(modules)]
    recorder = Recorder(answers)  # type: ignore[arg-type]
    driver, machine = driver_of(recorder, subscribers)

    def act(call: Any) -> None:
        recorder.handled |= call == handles
        if call in disable:
            machine.disable(subscribers[call[0]], *disable[call])

    recorder.on_call = act
    statuses = list(resumes)
    driver.run()
    while driver.turn is not None:
        driver.indicate(driver.turn, statuses.pop(0) if statuses else CONTINUE)
    told = recorder.calls
    assert told.pop() == ("finish", 0)
    assert told == expected(modules, answers, resumes, disable, handles)
