"""Child requests that are waited for, and how long clones last (sections 2.4 and 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from childcall import BUFFER, answering, at, body, clone, execute, executing, is_child, raw_of_response, write
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    PENDING,
    Host,
    Native,
    make,
    read_body,
    request_of,
    text,
    variable,
    wide,
)

from pyiismod.abi import constants
from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.stored_context import IHttpModuleContextContainer
from pyiismod.errors import WorkerError
from pyiismod.host._abi import ffi
from pyiismod.host.child import Child


@pytest.fixture
def waiting(host: Host, pool: None) -> Callable[..., tuple[list[Any], Any]]:
    """Fire a request whose child waits for a thread of the module's; return what was seen, and the response."""

    def fire(schedule: str | int = "threaded", flags: int = BUFFER, *, told: bool = True) -> tuple[list[Any], Any]:
        seen: list[Any] = []
        kept: list[Native] = []

        def begin(context: Native, provider: Native) -> int:
            if is_child(context):
                Thread(target=lambda: context.PostCompletion(3)).start()
                return PENDING
            kept.append(clone(context))
            if told:
                seen.append(execute(context, kept[0], flags))
            else:
                assert context.ExecuteRequest(1, kept[0].pointer, flags, NULL, NULL) == 0
            return PENDING

        def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
            seen.append((is_child(context), bit, info.GetCompletionBytes(), info.GetCompletionStatus()))
            if is_child(context):
                write(context, b"late")
                return FINISH
            assert kept.pop().ReleaseClonedContext() == 0
            return FINISH

        handlers = {"OnBeginRequest": begin, "OnEndRequest": lambda context, provider: CONTINUE}
        host.load("m", {**handlers, "OnAsyncCompletion": completed})
        return seen, host.fire(schedule=schedule)

    return fire


CHILD_TOLD, PARENT_TOLD = (True, constants.RQ_BEGIN_REQUEST, 3, 0), (False, constants.RQ_BEGIN_REQUEST, 0, 0)


@pytest.mark.parametrize("schedule", ["threaded", "inline"])
def test_the_parent_is_told_when_a_waiting_child_has_ended(schedule: str, host: Host, waiting: Any) -> None:
    """2.4: the completion arrives at the parent's OnAsyncCompletion, with 0 bytes and S_OK, as in IIS's own traces."""
    seen, outgoing = waiting(schedule)
    assert sorted(seen, key=len) == [(0, 1), CHILD_TOLD, PARENT_TOLD]
    assert seen.index(CHILD_TOLD) < seen.index(PARENT_TOLD)
    assert body(outgoing) == b"late"
    assert host.violations == []


@pytest.mark.parametrize("schedule", ["early", 1, 2, 3, 4])
def test_a_child_that_may_end_before_the_call_returns(schedule: str | int, host: Host, waiting: Any) -> None:
    seen, outgoing = waiting(schedule, told=False)
    assert seen == [CHILD_TOLD, PARENT_TOLD]
    assert body(outgoing) == b"late"
    assert host.violations == []


def test_later_lines_of_a_child_are_as_deep_as_its_first(host: Host, waiting: Any) -> None:
    waiting()
    assert at(host, "m.dll") == [
        ("OnBeginRequest", 0),
        ("OnBeginRequest", 2),
        ("OnAsyncCompletion", 2),
        ("OnEndRequest", 2),
        ("OnAsyncCompletion", 0),
        ("OnEndRequest", 0),
    ]


def test_without_a_place_to_say_so_a_completion_always_follows(host: Host, pool: None) -> None:
    """2.4: pfCompletionExpected NULL."""
    told: list[int] = []
    kept: list[Native] = []

    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            return FINISH
        kept.append(clone(context))
        assert context.ExecuteRequest(1, kept[0].pointer, 0, NULL, NULL) == 0
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        told.append(info.GetCompletionStatus())
        return kept[0].ReleaseClonedContext() or CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire(schedule="inline")
    assert told == [0]
    assert host.violations == []


def test_a_clone_lasts_until_it_is_released(host: Host, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, BUFFER)[0] == 0
        assert raw_of_response(child).StatusCode == 203
        assert variable(child, b"LATE")[:2] == (0, b"kept")
        assert child.ReleaseClonedContext() == 0
        assert host.violations == []
        assert child.GetRequest() == NULL
        assert child.ReleaseClonedContext() == INVALID_PARAMETER
        return FINISH

    def child(context: Native) -> int:
        assert context.SetServerVariable(text(b"LATE"), wide("kept")) == 0
        return answering(context)

    in_parent(parent, child)
    assert host.violations == [
        "IHttpContext::GetRequest was called on an IHttpContext4 that has ended",
        "IHttpContext::ReleaseClonedContext was called on an IHttpContext4 that has ended",
    ]


def test_stored_contexts_of_a_child_go_with_its_release(in_parent: Any) -> None:
    cleaned: list[str] = []
    stored = make("IHttpStoredContext", {"CleanupStoredContext": lambda: cleaned.append("cleaned")})

    def container(context: Native) -> Native:
        return Native(context.GetModuleContextContainer(), IHttpModuleContextContainer)

    module_id = ffi.cast("void *", 1)

    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child)[0] == 0
        assert container(child).GetModuleContext(module_id) == stored
        assert not container(context).GetModuleContext(module_id)
        assert cleaned == []
        assert child.ReleaseClonedContext() == 0
        assert cleaned == ["cleaned"]
        return FINISH

    def child(context: Native) -> int:
        assert container(context).SetModuleContext(stored, module_id) == 0
        return FINISH

    in_parent(parent, child)


def test_a_top_level_context_cannot_be_released(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        assert context.ReleaseClonedContext() == INVALID_PARAMETER
        return FINISH

    in_parent(parent)


def test_a_running_child_cannot_be_released(host: Host, in_parent: Any) -> None:
    def child(context: Native) -> int:
        assert context.ReleaseClonedContext() == INVALID_PARAMETER
        return FINISH

    in_parent(executing(0), child)
    assert host.violations == ["ReleaseClonedContext was called while the child request was running: no effect"]


def test_a_forgotten_clone_ends_with_its_parent(host: Host, in_parent: Any) -> None:
    """Section 6, 29."""
    kept: list[Native] = []

    def parent(context: Native) -> int:
        kept.append(clone(context))
        assert execute(context, kept[0])[0] == 0
        return FINISH

    in_parent(parent, answering)
    assert host.violations == ["a context that both.dll cloned was never released: it ends with its parent"]
    assert kept[0].ReleaseClonedContext() == INVALID_PARAMETER


def test_release_in_dispose_is_soon_enough(host: Host) -> None:
    kept: list[Native] = []

    def create(ppModule: Any, allocator: Native) -> int:
        def begin(pHttpContext: Any, pProvider: Any) -> int:
            kept.append(clone(Native(pHttpContext, IHttpContext4)))
            return CONTINUE

        def dispose() -> None:
            assert kept.pop().ReleaseClonedContext() == 0

        ppModule[0] = make("CHttpModule", {"OnBeginRequest": begin, "Dispose": dispose})
        return 0

    host.load("m", {"OnBeginRequest": lambda context, provider: CONTINUE}, get_http_module=create)
    host.fire()
    assert kept == []
    assert host.violations == []


def test_a_child_released_before_its_own_child(host: Host, in_parent: Any) -> None:
    """5.1: in reverse order of creation; the inner one has no parent any more."""

    def parent(context: Native) -> int:
        child = clone(context)
        grandchild = clone(child)
        assert child.ReleaseClonedContext() == 0
        assert grandchild.ReleaseClonedContext() == INVALID_PARAMETER
        return FINISH

    in_parent(parent)
    assert host.violations == [
        "a context that both.dll cloned was never released: it ends with its parent",
        "IHttpContext::ReleaseClonedContext was called on an IHttpContext4 that has ended",
    ]


def test_a_parent_that_does_not_wait(host: Host, pool: None) -> None:
    """Section 6, 5: the child goes on, alone, and nothing is freed under it."""
    may_end, has_ended = Event(), Event()

    def resume(context: Native) -> None:
        may_end.wait(5)
        assert not context.GetParentContext()
        assert not context.GetRootContext()
        assert read_body(request_of(context), 9)[1] == b"body"
        context.IndicateCompletion(FINISH)
        has_ended.set()

    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            Thread(target=resume, args=(context,)).start()
            return PENDING
        assert execute(context, clone(context)) == (0, 1)
        return FINISH

    host.load("m", {"OnBeginRequest": begin})
    host.fire("POST", body=b"body")
    assert host.disposed == ["m"]
    may_end.set()
    assert has_ended.wait(5)
    assert host.disposed == ["m", "m"]
    assert host.violations == [
        "OnBeginRequest (RQ_BEGIN_REQUEST) of m.dll went on without waiting for ExecuteRequest",
        "the request ended while a context that m.dll cloned was executed",
    ]
    assert host.timeline.faults == []


@pytest.mark.parametrize("schedule", ["threaded", "inline", "early"])
def test_a_fault_of_the_host_in_a_child_ends_the_whole_request(
    schedule: str, waiting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever tell the parent, and the module would be blamed for a request that hangs."""

    def fail(self: Child) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Child, "finish", fail)
    with pytest.raises(WorkerError, match="ZeroDivisionError"):
        waiting(schedule)
