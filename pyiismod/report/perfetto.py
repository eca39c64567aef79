"""https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

The timeline as a Chrome trace, which https://ui.perfetto.dev and chrome://tracing draw.
"""

from __future__ import annotations

import json
from typing import Any

from pyiismod.report.record import Run
from pyiismod.report.spans import Span, spans

__all__ = ["perfetto"]

_PROCESS = 1


def perfetto(run: Run) -> str:
    """Return a run as a Chrome trace: complete events for calls, instant events for marks, a track a thread."""
    found = spans(run.trace or ())
    threads = sorted({span.event.thread for span in found})
    names = [{"name": "process_name", "ph": "M", "pid": _PROCESS, "args": {"name": _title(run)}}]
    names += [
        {"name": "thread_name", "ph": "M", "pid": _PROCESS, "tid": thread, "args": {"name": _thread(thread)}}
        for thread in threads
    ]
    document = {"traceEvents": [*names, *map(_event, found)], "displayTimeUnit": "ns"}
    return json.dumps(document, indent=1) + "\n"


def _title(run: Run) -> str:
    return ", ".join(module.name for module in run.modules) or "pyiismod"


def _thread(number: int) -> str:
    return f"thread {number}" if number else "request"


def _event(span: Span) -> dict[str, Any]:
    event: dict[str, Any] = {
        "name": span.label,
        "cat": span.event.event,
        "ph": "i" if span.is_mark else "X",
        "ts": round(span.start, 3),
        "pid": _PROCESS,
        "tid": span.event.thread,
        "args": span.facts,
    }
    return {**event, "s": "t"} if span.is_mark else {**event, "dur": round(span.us, 3)}
