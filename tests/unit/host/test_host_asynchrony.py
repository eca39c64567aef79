"""Completions without DLLs: threads, timings, what is under way, and what the black box is told (fact sheet 2.4)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    HANDLE_EOF,
    INVALID_PARAMETER,
    NOT_FOUND,
    NULL,
    PENDING,
    Host,
    Native,
    ffi,
    request_of,
    response_of,
    told,
)

from pyiismod.abi.module import IHttpModuleFactory
from pyiismod.errors import WorkerError
from pyiismod.host.exchange import Exchange
from pyiismod.host.timing import SCHEDULES, Timing, timing
from pyiismod.worker.inprocess import NoBox
from pyiismod.worker.protocol import SCHEDULES as KNOWN

ABORTED = 0x800703E3 - (1 << 32)
ALL = (*SCHEDULES, 0, 1, 2)

pytestmark = pytest.mark.usefixtures("pool")


def finish(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
    return FINISH


_kept: list[Any] = []  # buffers of reads that may complete after the handler's last look at them


def read(context: Native, buffer: Any, *, pending: Any = NULL) -> int:
    _kept.append(buffer)
    result: int = request_of(context).ReadEntityBody(buffer, len(ffi.buffer(buffer)), 1, NULL, pending)
    return result


# --- schedules


def test_names_and_seeds() -> None:
    assert SCHEDULES == KNOWN
    for name in SCHEDULES:
        assert timing(name) is timing(name)
        assert {timing(name).draw() for _ in range(9)} == {name}
    for seed in (0, 1, 2**63 - 1):
        drawn = [timing(seed).draw() for _ in range(1)] + [Timing(seed).draw()]
        assert drawn[0] == drawn[1]
        one, other = Timing(seed), Timing(seed)
        assert [one.draw() for _ in range(99)] == [other.draw() for _ in range(99)]
    assert {Timing(seed).draw() for seed in range(20)} == set(SCHEDULES)
    with pytest.raises(ValueError, match="unknown schedule 'late'"):
        timing("late")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_where_a_completion_comes(schedule: str, host: Host) -> None:
    log: list[str] = []
    home = threading.get_ident()

    def begin(context: Native, provider: Native) -> int:
        log.append("start")
        assert context.PostCompletion(7) == 0
        log.append("started")
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        log.append("at home" if threading.get_ident() == home else "elsewhere")
        assert (bit, post, info.GetCompletionBytes(), info.GetCompletionStatus()) == (1, 0, 7, 0)
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire(schedule=schedule)
    assert (
        log
        == {
            "threaded": ["start", "started", "elsewhere"],
            "inline": ["start", "started", "at home"],
            "early": ["start", "elsewhere", "started"],
        }[schedule]
    )
    assert host.violations == []
    assert host.disposed == ["m"]


@pytest.mark.parametrize("schedule", ALL)
def test_an_early_completion_does_not_hold_a_module_that_holds_a_lock(schedule: str | int, host: Host) -> None:
    """2.4: modules take a lock over handler and OnAsyncCompletion; the starting call returns all the same."""
    lock = threading.Lock()

    def begin(context: Native, provider: Native) -> int:
        with lock:
            context.PostCompletion(0)
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        with lock:
            return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire(schedule=schedule)
    assert host.violations == []


# --- operations


@pytest.mark.parametrize("schedule", ALL)
def test_a_buffer_belongs_to_the_module_until_the_completion_comes(schedule: str | int) -> None:
    host = Host(upload_read_ahead=0)
    buffer, pending = ffi.new("char[8]"), ffi.new("BOOL *", 7)
    seen: list[bytes] = []

    def begin(context: Native, provider: Native) -> int:
        assert read(context, buffer, pending=pending) == 0
        if not pending[0]:
            seen.append(ffi.buffer(buffer)[:])
            return FINISH
        if schedule == "threaded":
            assert ffi.buffer(buffer)[:] == bytes(8)
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append(ffi.buffer(buffer, info.GetCompletionBytes())[:])
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire("POST", body=b"12345678rest", schedule=schedule)
    assert seen == [b"12345678"]
    assert host.violations == []


def test_the_end_of_the_body_as_a_completion(host: Host) -> None:
    """5.2: in async mode EOF may come as completion status; with pfCompletionPending NULL there is no other way."""
    seen: list[tuple[int, int]] = []
    buffer = ffi.new("char[8]")

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus()))
        return FINISH

    def begin(context: Native, provider: Native) -> int:
        assert read(context, buffer) == 0
        return PENDING

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire()
    assert seen == [(0, HANDLE_EOF)]


def test_a_failure_has_no_completion(host: Host) -> None:
    """2.4: a failure HRESULT from an async call: no completion follows."""
    pending = ffi.new("BOOL *", 7)

    def begin(context: Native, provider: Native) -> int:
        assert read(context, ffi.new("char[8]"), pending=pending) == HANDLE_EOF
        assert pending[0] == 0
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    assert host.violations == []


@pytest.mark.parametrize(("duplex", "expected"), [(False, 1), (True, 0)])
def test_a_read_and_a_flush_together(duplex: bool, expected: int) -> None:
    host = Host(upload_read_ahead=0)
    left = [2]

    def begin(context: Native, provider: Native) -> int:
        if duplex:
            context.EnableFullDuplex()
        read(context, ffi.new("char[8]"))
        response_of(context).Flush(1, 1, NULL, NULL)
        context.PostCompletion(1)  # is no operation
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        left[0] -= 1
        return PENDING if left[0] >= 0 else FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire("POST", body=b"x", schedule="inline")
    words = ["Flush was started while ReadEntityBody was under way: EnableFullDuplex was not called"]
    assert host.violations == words[:expected]


def test_cancel(host: Host) -> None:
    """CancelIo ends what is under way; a posted completion is none of that."""
    seen: list[tuple[int, int]] = []

    def begin(context: Native, provider: Native) -> int:
        assert context.CancelIo() == NOT_FOUND
        context.PostCompletion(5)
        assert context.CancelIo() == NOT_FOUND
        read(context, ffi.new("char[8]"))
        assert context.CancelIo() == 0
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus()))
        assert request_of(context).GetRemainingEntityBytes() == 4
        return PENDING if len(seen) < 2 else FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire("POST", body=b"body", schedule="inline")
    assert seen == [(5, 0), (0, ABORTED)]


@pytest.mark.parametrize("schedule", ALL)
def test_a_routine_does_not_touch_the_pipeline(schedule: str | int, host: Host) -> None:
    called: list[tuple[int, int, int]] = []
    done = threading.Event()

    def routine(code: int, size: int, argument: Any) -> None:
        called.append((code, size, int(ffi.cast("uintptr_t", argument))))
        done.set()

    function = ffi.callback("void(DWORD, DWORD, LPOVERLAPPED)", routine)

    def begin(context: Native, provider: Native) -> int:
        pointer = ffi.cast("LPOVERLAPPED_COMPLETION_ROUTINE", function)
        assert context.PostCompletion_callback(3, pointer, ffi.cast("void *", 0x77)) == 0
        assert context.PostCompletion_callback(3, NULL, NULL) == INVALID_PARAMETER
        return FINISH

    host.load("m", {"OnBeginRequest": begin})
    host.fire(schedule=schedule)
    assert done.wait(10)
    assert called == [(0, 3, 0x77)]


# --- mistakes and faults


def test_something_started_when_no_notification_is_open(host: Host, exchange: Callable[..., Any]) -> None:
    x = exchange()
    context = Native(x.context.pointer, type(x.context).interface)
    assert context.PostCompletion(0) == 0
    context.IndicateCompletion(CONTINUE)
    assert [e.method for e in x.timeline.events if e.event == "violation"] == [
        "PostCompletion was started when no notification was open",
        "IndicateCompletion was called when no notification was open",
    ]


def test_what_comes_after_the_end_is_told_with_the_next_command(host: Host) -> None:
    """Section 6, mistake 3: nothing is lost, and nothing is told of twice."""
    gate = threading.Event()
    late: list[threading.Thread] = []

    def begin(context: Native, provider: Native) -> int:
        if not late:
            late.append(threading.Thread(target=lambda: [gate.wait(), context.PostCompletion(1)]))
            late[0].start()
        return FINISH

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    events, _ = host.timeline.close()
    gate.set()
    late[0].join()
    assert [e.event for e in events if e.event == "violation"] == []
    host.fire()
    assert host.violations == ["IHttpContext::PostCompletion was called on an IHttpContext4 that has ended"]
    host.fire()
    assert host.violations == []


@pytest.mark.parametrize("schedule", ALL)
def test_a_fault_of_the_host_on_another_thread_ends_the_request(
    schedule: str | int, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else would: the thread that waits gets the fault instead of waiting for ever."""

    def begin(context: Native, provider: Native) -> int:
        context.PostCompletion(0)
        return PENDING

    def fail(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Exchange, "completed", fail)
    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": finish})
    with pytest.raises(WorkerError, match="ZeroDivisionError"):
        host.fire(schedule=schedule)


def test_another_thread_needs_the_module_first(host: Host) -> None:
    """2.2: one object per request, also when two threads ask for the first time at once."""
    both = threading.Barrier(2)
    elsewhere = Host()
    elsewhere.load("m", {"OnSendResponse": lambda c, p: CONTINUE})
    registration = elsewhere.iis.modules[0].registration
    assert registration is not None
    factory = Native(registration.factory, IHttpModuleFactory)

    def create(ppModule: Any, allocator: Native) -> int:
        both.wait(10)
        result: int = factory.GetHttpModule(ppModule, NULL)
        return result

    host.load("m", {"OnSendResponse": lambda c, p: CONTINUE}, get_http_module=create)
    x = host.open()
    threads = [threading.Thread(target=x.send, args=(True,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert elsewhere.disposed == ["m"]
    x._end()
    assert elsewhere.disposed == ["m", "m"]


# --- what the black box is told


class Box(NoBox):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.commands: list[int] = []

    def begin(self, phase: str, module: str, notification: str | None, post: bool) -> Any:
        if phase == "pending":
            self.notes.append("begin")
        return phase

    def end(self, token: Any) -> None:
        if token == "pending":
            self.notes.append("end")

    def change(self, token: Any, module: str, notification: str | None, post: bool, told: int, armed: str) -> None:
        self.notes.append((module, notification, post, told, armed))

    def command(self, id: int) -> None:
        self.commands.append(id)


def test_the_black_box_says_what_the_request_waits_for(host: Host) -> None:
    box = Box()
    host.iis.box = box
    posts: list[int] = []

    def begin(context: Native, provider: Native) -> int:
        context.PostCompletion(0)
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        posts.append(1)
        if len(posts) == 2:
            return CONTINUE
        threading.Timer(0.05, context.PostCompletion, (0,)).start()
        return PENDING

    handlers = {"OnPostBeginRequest": begin, "OnAsyncCompletion": completed}
    host.load("m", handlers)
    host.fire(schedule="inline")
    assert box.notes[:2] == ["begin", ("m.dll", "OnPostBeginRequest", True, 0, "PostCompletion")]
    assert ("m.dll", "OnPostBeginRequest", True, 1, "") in box.notes
    assert box.notes[-1] == "end"


def test_whoever_drives_the_request_works_on_its_command(host: Host) -> None:
    """So that a hang can be told from others, whichever thread it is on."""
    box = Box()
    host.iis.box = box

    def begin(context: Native, provider: Native) -> int:
        context.PostCompletion(0)
        return PENDING

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": finish})
    host.fire(schedule="threaded")
    assert box.commands[0] == 0
    assert told(host) == ["m.dll:OnBeginRequest", "m.dll:OnAsyncCompletion"]
    (completion,) = [e for e in host.timeline.events if e.method == "OnAsyncCompletion"]
    assert (completion.thread, completion.depth) == (1, 0)
