"""https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

The timeline in the Trace Event Format, which https://ui.perfetto.dev and chrome://tracing open.

Calls are complete events (``X``), what takes no time is an instant event (``i``); each thread is a track, where calls
nest by their times. A flow leads from a handler that returned PENDING to what resumed it.
"""

from __future__ import annotations

import json
from typing import Any

import pyiismod
from pyiismod.report.record import Run
from pyiismod.report.spans import Span, label, links, spans

__all__ = ["chrome_trace"]

_PROCESS = 1


def chrome_trace(run: Run) -> str:
    """Return a run as the JSON text of a Chrome trace. Times are in microseconds since the first event."""
    found = spans(run.trace or (), run.refused)
    threads = sorted({span.event.thread for span in found})
    document = {
        "traceEvents": [
            _name("process_name", 0, _title(run)),
            *(_name("thread_name", thread, thread_name(thread)) for thread in threads),
            *map(_event, found),
            *(
                arrow
                for number, (one, other) in enumerate(links(found))
                for arrow in _flow(number, found[one], found[other])
            ),
        ],
        "displayTimeUnit": "ns",
        "otherData": {"generator": f"pyiismod {pyiismod.__version__}", "outcome": run.outcome},
    }
    return json.dumps(document, indent=1) + "\n"


def thread_name(thread: int) -> str:
    """Return how the thread of a number is called: 0 is the one that the request came on."""
    return f"thread {thread}" if thread else "request thread"


def _title(run: Run) -> str:
    asked = f"{run.request.method} {run.request.url}" if run.request else ""
    return " ".join(filter(None, (asked, ", ".join(module.name for module in run.modules)))) or "modules"


def _name(kind: str, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": {"name": name}}


def _flow(number: int, begin: Span, end: Span) -> list[dict[str, Any]]:
    known = {"name": "PENDING", "cat": "resumed", "id": number, "pid": _PROCESS}
    inside = begin.start + begin.us * 0.999  # it belongs to the slice that it lies in
    return [
        {**known, "ph": "s", "ts": round(inside, 3), "tid": begin.event.thread},
        {**known, "ph": "f", "bp": "e", "ts": round(end.start, 3), "tid": end.event.thread},
    ]


def _event(span: Span) -> dict[str, Any]:
    event = span.event
    shape: dict[str, Any] = {"ph": "i", "s": "t"} if span.is_mark else {"ph": "X", "dur": round(span.us, 3)}
    if span.has_failed or span.is_refused or event.event == "violation":
        shape["cname"] = "terrible"
    return {
        "name": label(event),
        "cat": f"{span.stage},{event.event}",
        "ts": round(span.start, 3),
        "pid": _PROCESS,
        "tid": event.thread,
        "args": span.facts(),
        **shape,
    }
