"""Completions without DLLs: what is still on its way when the request ends (fact sheet 2.4, section 6)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Timer
from typing import Any

import pytest
from childcall import clone, is_child
from nativecall import CONTINUE, FINISH, NULL, PENDING, Host, Native

from pyiismod.abi.constants import EXECUTE_FLAG_BUFFER_RESPONSE as BUFFER

pytestmark = pytest.mark.usefixtures("pool")


@pytest.fixture
def slow(host: Host) -> Host:
    """A host whose pool takes a while to begin with the second piece of work."""
    submit, submitted = host.iis.threads.submit, []

    def later(work: Callable[[], None]) -> None:
        submitted.append(work)
        if len(submitted) == 2:
            Timer(0.2, submit, [work]).start()
        else:
            submit(work)

    host.iis.threads.submit = later  # type: ignore[method-assign]
    return host


def violations(host: Host) -> list[str]:
    return [event.method for event in host.timeline.events if event.event == "violation"]


def test_a_completion_too_many_is_told_with_the_response_however_late_it_comes(slow: Host) -> None:
    """Mistake 3 of section 6. The first completion takes the request to its end before the second one starts."""

    def begin(context: Native, provider: Native) -> int:
        assert context.PostCompletion(1) == context.PostCompletion(2) == 0
        return PENDING

    slow.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": lambda *_: FINISH})
    assert slow.fire(schedule="threaded").status == 200
    assert [text.partition(".dll ")[2] for text in violations(slow)] == [
        "went on without waiting for PostCompletion",
        "was completed already when PostCompletion completed it again",
    ]


def test_the_same_in_a_child_request(slow: Host) -> None:
    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            assert context.PostCompletion(1) == context.PostCompletion(2) == 0
            return PENDING
        kept.append(clone(context))
        assert context.ExecuteRequest(1, kept[0].pointer, BUFFER, NULL, NULL) == 0  # a completion always follows
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        if not is_child(context):
            kept.pop().ReleaseClonedContext()
        return FINISH

    kept: list[Any] = []
    slow.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed, "OnEndRequest": lambda *_: CONTINUE})
    slow.fire(schedule="threaded")
    assert "was completed already when PostCompletion completed it again" in {
        text.partition(".dll ")[2] for text in violations(slow)
    }
