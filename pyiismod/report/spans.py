"""The timeline with times: when each event began, how long it took, and on which thread; imports no rich.

Times are in microseconds from the first event. An event that takes no time is a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pyiismod.report.values import arguments, outcome, visible
from pyiismod.trace import TraceEvent

__all__ = ["Span", "spans"]

_MARKS = ("output", "violation", "trace")


class Span(NamedTuple):
    """One event.

    Attributes:
        event: what happened.
        label: in a few words.
        start, us: when, and how long.
        depth: how deep it stands in what its thread does.
        is_mark: whether it takes no time.
    """

    event: TraceEvent
    label: str
    start: float
    us: float
    depth: int
    is_mark: bool

    @property
    def facts(self) -> dict[str, Any]:
        """Everything else that is known, as short text by name."""
        event = self.event
        found = {
            "module": event.module,
            "notification": f"post {event.notification}" if event.post else event.notification,
            "interface": event.interface,
            "arguments": arguments(event.args) if event.args and not self.is_mark else None,
            "result": None if event.result is None else outcome(event.result),
        }
        return {name: visible(str(value)) for name, value in found.items() if value}


def spans(events: Iterable[TraceEvent]) -> list[Span]:
    """Return the events with times, in order."""
    all_of_them: Sequence[TraceEvent] = list(events)
    zero = min((event.at for event in all_of_them if event.at), default=0.0)
    return [_span(event, max(0.0, event.at - zero)) for event in all_of_them]


def _span(event: TraceEvent, start: float) -> Span:
    is_mark = event.event in _MARKS
    return Span(event, _label(event), start, 0.0 if is_mark else event.us, event.depth, is_mark)


def _label(event: TraceEvent) -> str:
    if event.event == "violation":
        return f"{event.args['rule']} {visible(event.method)}"
    if event.event == "output":
        return f"{event.method}: {visible(str(event.args.get('text', '')).rstrip())}"
    if event.event == "call" and event.interface:
        return f"{event.interface}::{event.method}"
    if event.event == "notification" and event.module:
        return f"{visible(event.module)} {event.method}"
    return f"{visible(event.module)} {event.method}" if event.module else event.method
