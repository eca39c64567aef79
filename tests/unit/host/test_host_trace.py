"""The timeline: who is where, what belongs to whom, and where calls of a module's own threads go."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    E_FAIL,
    E_NOTIMPL,
    FINISH,
    INVALID_PARAMETER,
    NOT_ENOUGH_MEMORY,
    NULL,
    Host,
    Native,
    chunk,
    of,
    response_of,
    text,
)

from pyiismod.errors import WorkerError
from pyiismod.host import trace
from pyiismod.host.exchange import Exchange
from pyiismod.host.trace import Timeline
from pyiismod.worker.inprocess import NoBox


class Box(NoBox):
    """Notes what it is told, and hands out texts of the debugger."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.texts: list[Any] = []

    def begin(self, phase: str, module: str, notification: str | None, post: bool) -> Any:
        self.notes.append(("begin", phase, module, notification, post))
        return len(self.notes)

    def end(self, token: Any) -> None:
        self.notes.append(("end", token))

    def call(self, text: str) -> None:
        self.notes.append(("call", text))

    def drain_debug(self, cursor: int) -> tuple[list[Any], int]:
        return [t for t in self.texts if t.number >= cursor], cursor + len(self.texts)


class DebugText:
    def __init__(self, number: int, thread: int, text: str, exception: bool = False) -> None:
        self.number, self.thread, self.text, self.exception = number, thread, text, exception


def elsewhere(function: Callable[[], Any]) -> None:
    """Run on a thread of the module's own: one that is in no notification."""
    thread = Thread(target=function)
    thread.start()
    thread.join()


def test_a_call_of_the_modules_own_thread_is_written_under_the_request_of_its_object(host: Host) -> None:
    """Section 2.4: modules work on their own threads while a request waits; it is the turn of one of them."""

    def work(context: Native, provider: Native) -> int:
        elsewhere(lambda: context.AllocateRequestMemory(10))
        return FINISH

    host.load("threads", {"OnBeginRequest": work})
    host.fire()
    (call,) = host.calls("AllocateRequestMemory")
    assert (call.module, call.notification, call.post) == ("threads.dll", "RQ_BEGIN_REQUEST", False)
    assert (call.thread, call.args) == (1, {"cbAllocation": 10})


def test_a_late_call_of_an_own_thread_is_told_with_the_next_command(host: Host) -> None:
    """Section 6, items 2 and 22: the context used after the request, from a callback that belongs to nothing."""
    kept: list[Native] = []

    def keep(context: Native, provider: Native) -> int:
        kept.append(context)
        return CONTINUE

    host.load("late", {"OnBeginRequest": keep})
    host.fire()
    elsewhere(lambda: kept[0].PostCompletion(0))
    assert host.violations == []
    host.fire()
    assert host.violations == ["IHttpContext::PostCompletion was called on an IHttpContext4 that has ended"]
    host.fire()
    assert host.violations == []


def test_calls_about_no_request_are_told_with_the_next_command_and_do_not_pile_up(host: Host) -> None:
    """Worker memory is flat: a module's thread that polls the server leaves nothing behind."""
    server = of(host.iis.server)
    elsewhere(server.GetAppPoolName)
    elsewhere(server.GetAdminManager)
    host.fire()
    assert [(e.module, e.method) for e in host.timeline.events] == [(None, "GetAppPoolName"), (None, "GetAdminManager")]
    assert host.timeline.refused == ["IHttpServer::GetAdminManager"]
    assert (host.iis.timeline.events, host.iis.timeline.refused) == ([], [])


def test_frames_nest_and_the_box_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    timeline = Timeline(box)
    with timeline.inside("notification", "a.dll", "OnBeginRequest", notification="RQ_BEGIN_REQUEST") as outer:
        assert trace.current() is not None
        with timeline.inside("GetHttpModule", "b.dll", "GetHttpModule") as inner:
            inner.result = "S_OK"
        assert trace.current().module == "a.dll"
    assert trace.current() is None
    assert trace._frames == {}
    assert (outer.event, outer.depth, inner.event, inner.depth) == ("notification", 0, "phase", 1)
    assert outer.us >= inner.us > 0
    assert box.notes == [
        ("begin", "notification", "a.dll", "OnBeginRequest", False),
        ("begin", "GetHttpModule", "b.dll", None, False),
        ("end", 2),
        ("end", 1),
    ]


def test_an_error_inside_leaves_no_frame_behind() -> None:
    timeline = Timeline(NoBox())
    with pytest.raises(ZeroDivisionError), timeline.inside("Dispose", "a.dll", "Dispose"):
        raise ZeroDivisionError
    assert trace.current() is None
    assert trace._frames == {}


def test_debug_output_stands_where_its_thread_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from _thread import get_native_id

    monkeypatch.setattr(trace, "_output_cursor", 0)
    box = Box()
    timeline = Timeline(box)
    with timeline.inside("notification", "a.dll", "OnEndRequest", notification="RQ_END_REQUEST"):
        box.texts = [DebugText(0, get_native_id(), "hello"), DebugText(1, -1, "other"), DebugText(2, -1, "0xC0", True)]
        trace.collect_output(timeline)
        box.texts = []
    told = [(e.event, e.method, e.args["text"], e.module, e.depth) for e in timeline.events[1:]]
    assert told == [
        ("output", "OutputDebugString", "hello", "a.dll", 1),
        ("output", "OutputDebugString", "other", None, 0),
        ("output", "exception", "0xC0", None, 0),
    ]


# --- requests without a timeline


def test_without_a_timeline_everything_works_and_what_matters_is_noted(host: Host) -> None:
    """Refused calls and violations are told in any case."""
    codes: list[int] = []

    def work(context: Native, provider: Native) -> int:
        codes.append(response_of(context).SetHeader_name(text(b"X"), text(b"v"), 1, 1))
        codes.append(response_of(context).PushPromise(NULL, NULL, NULL, 0, NULL, NULL))
        codes.append(response_of(context).WriteEntityChunks(NULL, 1, 0, 0, NULL, NULL))
        return 77

    host.load("fast", {"OnBeginRequest": work, "OnSendResponse": lambda context, provider: CONTINUE})
    outgoing = host.fire(is_recorded=False)
    assert codes == [0, E_NOTIMPL, INVALID_PARAMETER]
    assert ("X", "v") in outgoing.headers
    assert [e.event for e in host.timeline.events] == ["violation"]
    assert host.timeline.refused == ["IHttpResponse3::PushPromise"]
    assert host.disposed == ["fast"]


@pytest.mark.parametrize("fault", [ZeroDivisionError(), MemoryError()], ids=lambda f: type(f).__name__)
def test_without_a_timeline_nothing_escapes_either(
    fault: BaseException, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []

    def broken(*_: object, more: bool) -> None:
        raise fault

    monkeypatch.setattr(Exchange, "written", broken)

    def work(context: Native, provider: Native) -> int:
        codes.append(response_of(context).WriteEntityChunks(chunk(b"x"), 1, 0, 0, NULL, NULL))
        return FINISH

    host.load("fast", {"OnBeginRequest": work})
    if isinstance(fault, MemoryError):
        host.fire(is_recorded=False)
        assert codes == [NOT_ENOUGH_MEMORY]
    else:
        with pytest.raises(WorkerError, match="ZeroDivisionError"):
            host.fire(is_recorded=False)
        assert codes == [E_FAIL]
