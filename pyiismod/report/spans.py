"""The timeline with times: when each event began, how long it took, in which stage and on which thread.

Events carry the time of the worker's clock; here they begin at the first of them. What takes no time is a mark: text
that was sent to the debugger, a violation, an event that a module raised. Imports no rich.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from pyiismod.report.values import arguments, outcome, visible
from pyiismod.trace import TraceEvent

__all__ = ["Span", "label", "links", "spans", "stages"]

_MARKS = ("output", "violation", "trace")
_STAGES = {
    "LoadLibrary": "load",
    "RegisterModule": "load",
    "GetHttpModule": "request",
    "Dispose": "request",
    "GL_STOP_LISTENING": "unload",
    "GL_APPLICATION_STOP": "unload",
    "GL_CACHE_CLEANUP": "unload",
    "DllMain": "unload",
    "Terminate": "unload",
    "FreeLibrary": "unload",
}
_FAILED = ("E_", "HRESULT", "0x8", "ERROR_", "host fault")


class Span(NamedTuple):
    """One event with its times.

    Attributes:
        event: what happened.
        stage: ``"load"``, ``"request"`` or ``"unload"``.
        start: microseconds since the first event.
        us: how long it took; 0 for a mark.
        depth: how many of its thread's spans it is inside of.
        is_refused: whether it is a call that the host does not serve.
    """

    event: TraceEvent
    stage: str
    start: float
    us: float
    depth: int
    is_refused: bool

    @property
    def is_mark(self) -> bool:
        """Whether it takes no time."""
        return self.event.event in _MARKS

    @property
    def end(self) -> float:
        """Microseconds since the first event."""
        return self.start + self.us

    @property
    def has_failed(self) -> bool:
        """Whether the call returned a failure."""
        return isinstance(self.event.result, str) and self.event.result.startswith(_FAILED)

    def facts(self) -> dict[str, str]:
        """Return what else is known, as short text that nothing in it can control a terminal."""
        event = self.event
        found: dict[str, Any] = {
            "module": event.module,
            "notification": f"post {event.notification}" if event.post else event.notification,
            "arguments": arguments(event.args) if event.args and event.event != "output" else None,
            "result": None if event.result is None else outcome(event.result),
        }
        if event.event == "violation":
            found["arguments"], found["rule"] = None, event.args["rule"]
            found["stack"] = "\n".join(map(str, event.args.get("stack", ()))) or None
        if self.is_refused:
            found["refused"] = "the host does not serve this"
        return {name: visible(str(value)) for name, value in found.items() if value is not None}


def spans(events: Iterable[TraceEvent], refused: Collection[str] = ()) -> list[Span]:
    """Return the events with their times, in order of their start.

    Args:
        events: in order of their start, as :class:`~pyiismod.Trace` has them.
        refused: calls the host did not serve, as ``"Interface::Method"``.
    """
    staged = list(stages(events))
    first = min((event.at for _, event in staged if event.at), default=0.0)
    refused = set(refused)
    found, inside = [], dict[int, list[float]]()
    for stage, event in staged:
        start, us = max(0.0, event.at - first), 0.0 if event.event in _MARKS else event.us
        around = inside.setdefault(event.thread, [])
        while around and around[-1] <= start:
            around.pop()
        name = f"{event.interface}::{event.method}"
        is_refused = event.event == "call" and name in refused and event.result != "S_OK"
        found.append(Span(event, stage, start, us, len(around), is_refused))
        if us:
            around.append(start + us)
    return found


def links(found: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of spans that go on elsewhere: a handler that returned PENDING, and what resumed it.

    That is ``OnAsyncCompletion``, or the module's own call of ``IndicateCompletion``.
    """
    waiting: dict[tuple[str | None, str | None, bool], int] = {}
    for number, span in enumerate(found):
        event = span.event
        turn = (event.module, event.notification, event.post)
        if event.method in ("OnAsyncCompletion", "IndicateCompletion") and turn in waiting:
            yield waiting.pop(turn), number
        if event.event == "notification" and event.result == "RQ_NOTIFICATION_PENDING":
            waiting[turn] = number


def stages(events: Iterable[TraceEvent]) -> Iterator[tuple[str, TraceEvent]]:
    """Yield each event with the stage it belongs to: ``"load"``, ``"request"`` or ``"unload"``."""
    stage = "load"
    for event in events:
        if event.depth == 0 and event.event == "phase":
            stage = _STAGES.get(event.method, stage)
        elif event.depth == 0 and event.event == "notification":
            stage = _STAGES.get(event.notification or "", "request")
        yield stage, event


def label(event: TraceEvent) -> str:
    """Return what happened in a few words: ``"OnBeginRequest"``, ``"IHttpResponse::Clear"``."""
    if event.event == "violation":
        return f"{event.args['rule']} {visible(event.method)}"
    if event.event == "output":
        return visible(str(event.args.get("text", "")).rstrip())
    return f"{event.interface}::{event.method}" if event.event == "call" and event.interface else visible(event.method)
