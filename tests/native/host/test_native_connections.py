"""Connections that outlive requests, and clients that go away, through a real module (fact sheet 5.5, 5.9; 6, 22)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pyiismod
from pyiismod import Server

Load = Callable[..., Server]


@pytest.fixture(params=["", ".msvc"], ids=["mingw", "msvc"])
def iis(request: pytest.FixtureRequest, server: Load, dll: Callable[[str], Path]) -> Server:
    made = server()
    made.load(dll(f"style_longpoll{request.param}"))
    return made


def printed(trace: pyiismod.Trace) -> list[str]:
    return [event.args["text"] for event in trace if event.event == "output"]


def test_a_context_lives_as_long_as_its_connection(iis: Server) -> None:
    """5.5: one object per keep-alive connection; 5.9: cleaned up exactly once, when it closes."""
    assert [iis.get("/", connection=name).text[:1] for name in ("a", "a", "b", "a", "b")] == list("12132")
    assert printed(iis.trace) == []
    closed = iis.get("/", connection="a", headers={"Connection": "close"})
    assert (closed.text[:1], closed.connection) == ("4", "close")
    assert printed(closed.trace) == ["disconnected", "connection cleaned up"]
    assert iis.get("/", connection="a").text[:1] == "1"
    own = iis.get("/")
    assert (own.text[:1], printed(own.trace)) == ("1", ["disconnected", "connection cleaned up"])
    assert printed(iis.disconnect("b")) == ["disconnected", "connection cleaned up"]
    assert printed(iis.disconnect("b")) == printed(iis.disconnect("none")) == []
    iis.close()
    assert printed(iis.trace).count("connection cleaned up") == 4
    assert iis.trace.violations == ()


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(work()), daemon=True)
    thread.start()
    return thread, got


@pytest.mark.parametrize("schedule", ["threaded", "inline", "early"])
def test_a_client_that_goes_away_while_its_request_waits(schedule: str, iis: Server) -> None:
    """5.5: NotifyDisconnect comes at once, on another thread; the module completes, and what it writes fails."""
    thread, got = in_background(lambda: iis.get("/?wait", connection="c", schedule=schedule))
    while thread.is_alive():
        threading.Event().wait(0.05)
        iis.disconnect("c")
    assert (got[0].status, got[0].connection) == (0, "reset")
    texts = printed(iis.trace)
    assert sorted(texts) == ["completed 0x800704CD, connected 0", "connection cleaned up", "disconnected"]
    assert iis.trace.violations == ()
    assert iis.get("/", connection="c").text == "1 on this connection"


def test_a_stream_that_is_left_while_its_request_waits(iis: Server) -> None:
    """The same for a client that nobody writes to."""
    stream = iis.stream("GET", "/?wait")
    thread, _ = in_background(stream.__enter__)
    threading.Event().wait(0.2)
    assert thread.is_alive()
    stream._way.conversation.download.leave()
    thread.join(20)
    assert not thread.is_alive()
    assert stream.connection == "reset"
    assert sorted(printed(stream.trace)) == [
        "completed 0x800704CD, connected 0",
        "connection cleaned up",
        "disconnected",
    ]
