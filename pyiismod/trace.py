"""The timeline of what happened, as it is shown and as JSON.

Events stand in the order of their start; ``depth`` nests them: a handler, its host calls, and the handlers that
such a call sets off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from pyiismod.rules import RULES, Rule
from pyiismod.worker.protocol import TraceEvent

__all__ = ["Trace", "TraceEvent", "Violation"]

_JSON = ("event", "module", "notification", "post", "interface", "method", "args", "result", "us")


class Violation(str):
    """What a module did against a rule; as a string it is what happened, in words.

    Attributes:
        rule: which one.
        event: where it stands in the timeline.
    """

    rule: Rule
    event: TraceEvent

    @classmethod
    def of(cls, event: TraceEvent) -> Violation:
        """Return what an event of kind ``"violation"`` tells."""
        self = cls(event.method)
        self.rule, self.event = RULES[event.args["rule"]], event
        return self


class Trace(Sequence[TraceEvent]):
    """An immutable sequence of :class:`TraceEvent`."""

    def __init__(self, events: Iterable[TraceEvent] = ()) -> None:
        self._events = tuple(events)

    @overload
    def __getitem__(self, index: int) -> TraceEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: int | slice) -> TraceEvent | Trace:
        return Trace(self._events[index]) if isinstance(index, slice) else self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(self._events)

    def __add__(self, other: Trace) -> Trace:
        return Trace((*self._events, *other._events))

    def __repr__(self) -> str:
        return f"<Trace of {len(self)} events>"

    @property
    def notifications(self) -> Trace:
        """Only the calls of notification handlers."""
        return Trace(e for e in self if e.event == "notification")

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What a module did that it must not."""
        return tuple(Violation.of(e) for e in self if e.event == "violation")

    @property
    def output(self) -> str:
        """What was sent to OutputDebugString."""
        return "".join(str(e.args["text"]) for e in self if e.method == "OutputDebugString")

    def calls(self, method: str | None = None, *, module: str | None = None) -> Trace:
        """Return the calls from modules into the host.

        Args:
            method: only this method, by its C++ name (``"SetHeader"``).
            module: only from this DLL, by file name.
        """
        return Trace(
            e
            for e in self
            if e.event == "call" and method in (None, e.method) and (module is None or e.module == module)
        )

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the events as JSON values: the ``trace`` member of ``run --json``."""
        return [{name: getattr(event, name) for name in _JSON} for event in self]
