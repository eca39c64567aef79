"""The timeline as a tree: stages, nesting, and whose handler it is."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console, RenderableType

from pyiismod.report.timeline import timeline_trees
from pyiismod.worker.protocol import TraceEvent


def plain(*renderables: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(*renderables, sep="\n")
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def event(kind: str, method: str, depth: int = 0, module: str | None = "a.dll", **fields: Any) -> TraceEvent:
    known = {"notification": None, "post": False, "interface": None, "args": {}, "result": None, "us": 1}
    return TraceEvent(event=kind, method=method, module=module, depth=depth, **(known | fields))


def test_no_events_no_tree() -> None:
    assert timeline_trees([]) == []


def test_stages_follow_the_life_of_a_module() -> None:
    events = [
        event("phase", "LoadLibrary"),
        event("output", "OutputDebugString", module=None, args={"text": "early"}),
        event("notification", "OnBeginRequest"),
        event("phase", "Dispose"),
        event("violation", "late", module=None, args={"rule": "IM010"}),
        event("phase", "Terminate"),
    ]
    assert plain(*timeline_trees(events)).splitlines() == [
        "load",
        "├── a.dll  LoadLibrary  1 µs",
        "└── OutputDebugString: early",
        "request",
        "├── OnBeginRequest  1 µs",
        "├── Dispose  1 µs",
        "└── violation IM010: late",
        "unload",
        "└── Terminate  1 µs",
    ]


def test_what_global_modules_hear_of_has_its_stage() -> None:
    """Fact sheet 1.5: the end begins before Terminate; an application that is recycled stops after a request."""
    events = [
        event("phase", "RegisterModule"),
        event("notification", "OnGlobalFileChange", 1, notification="GL_FILE_CHANGE"),
        event("notification", "OnGlobalApplicationStart", notification="GL_APPLICATION_START"),
        event("notification", "OnGlobalStopListening", notification="GL_STOP_LISTENING"),
        event("notification", "OnGlobalCacheCleanup", notification="GL_CACHE_CLEANUP"),
        event("phase", "Terminate"),
    ]
    assert plain(*timeline_trees(events)).splitlines() == [
        "load",
        "└── RegisterModule  1 µs",
        "    └── OnGlobalFileChange  1 µs",
        "request",
        "└── OnGlobalApplicationStart  1 µs",
        "unload",
        "├── OnGlobalStopListening  1 µs",
        "├── OnGlobalCacheCleanup  1 µs",
        "└── Terminate  1 µs",
    ]


def test_handlers_that_a_call_sets_off_are_inside_it_and_say_whose_they_are() -> None:
    events = [
        event("notification", "OnExecuteRequestHandler", result="RQ_NOTIFICATION_CONTINUE"),
        event("call", "Flush", 1, interface="IHttpResponse", result="S_OK"),
        event("notification", "OnSendResponse", 2, "b.dll", result="RQ_NOTIFICATION_CONTINUE"),
        event("call", "GetResponse", 3, "b.dll", interface="IHttpContext"),
        event("call", "Clear", 1, interface="IHttpResponse"),
    ]
    assert plain(*timeline_trees(events)).splitlines() == [
        "request",
        "└── a.dll  OnExecuteRequestHandler → RQ_NOTIFICATION_CONTINUE  1 µs",
        "    ├── IHttpResponse::Flush() → S_OK  1 µs",
        "    │   └── b.dll  OnSendResponse → RQ_NOTIFICATION_CONTINUE  1 µs",
        "    │       └── IHttpContext::GetResponse()  1 µs",
        "    └── IHttpResponse::Clear()  1 µs",
    ]


def test_what_another_thread_does_meanwhile_is_not_inside() -> None:
    events = [
        event("notification", "OnBeginRequest"),
        event("call", "IndicateCompletion", 0, interface="IHttpContext", thread=1),
        event("call", "GetRequest", 1, interface="IHttpContext"),
        event("notification", "OnEndRequest", 1, thread=1),
    ]
    assert plain(*timeline_trees(events)).splitlines() == [
        "request",
        "├── OnBeginRequest  1 µs",
        "│   └── IHttpContext::GetRequest()  1 µs",
        "└── IHttpContext::IndicateCompletion()  1 µs",
        "    └── OnEndRequest  1 µs",
    ]


def test_a_depth_without_its_parent_hangs_on_what_is_there() -> None:
    events = [event("call", "Clear", 3, interface="IHttpResponse"), event("phase", "Dispose")]
    assert plain(*timeline_trees(events)).splitlines() == [
        "load",
        "└── IHttpResponse::Clear()  1 µs",
        "request",
        "└── Dispose  1 µs",
    ]


def test_only_the_refused_call_is_marked() -> None:
    call = {"interface": "IHttpContext", "result": "E_NOTIMPL"}
    shown = plain(
        *timeline_trees([event("call", "CloneContext", **call)], refused=["IHttpContext::CloneContext"]),
        *timeline_trees([event("call", "GetUser", **call)], refused=["IHttpContext::CloneContext"]),
    )
    assert "IHttpContext::CloneContext() → E_NOTIMPL  refused: the host does not serve this  1 µs" in shown
    assert "IHttpContext::GetUser() → E_NOTIMPL  1 µs" in shown


def test_what_modules_write_cannot_control_the_terminal() -> None:
    events = [
        event("output", "OutputDebugString", args={"text": "a\x1b[2Jb\n"}),
        event("violation", "\x1b[2J", args={"rule": "IM016"}),
        event("phase", "LoadLibrary", module="\x1b[2J.dll"),
    ]
    assert "\x1b" not in plain(*timeline_trees(events))


def test_what_a_module_traces() -> None:
    events = [event("notification", "OnBeginRequest"), event("trace", "MY_EVENT", 1, args={"level": "error", "n": 5})]
    assert plain(*timeline_trees(events)).splitlines() == [
        "request",
        "└── OnBeginRequest  1 µs",
        "    └── trace: MY_EVENT(level=error, n=5)",
    ]
