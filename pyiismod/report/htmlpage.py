"""One run as one HTML page that needs nothing else: no network, no other file.

``assets/page.html`` is the frame, its style and scripts go into it, and what happened goes in as JSON. The
page's own policy forbids it to load anything, and its script writes text, never markup: a module's text stays text.
"""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any

import pyiismod
from pyiismod.report.chrometrace import thread_name
from pyiismod.report.record import Run
from pyiismod.report.response import body_text, head_lines
from pyiismod.report.spans import Span, label, links, spans
from pyiismod.report.stack import stack_in_short
from pyiismod.report.values import size, visible
from pyiismod.trace import Violation

__all__ = ["page"]

_LONGEST_BODY = 20_000  # characters


def page(run: Run) -> str:
    """Return a run as the text of an HTML page: timeline, response, violations, refused calls, output, failure."""
    assets = files(pyiismod.__name__) / "report" / "assets"
    data = json.dumps(_document(run), separators=(",", ":")).replace("<", "\\u003c")
    text = (assets / "page.html").read_text("utf-8")
    for mark, part in (
        ("/*style*/", (assets / "page.css").read_text("utf-8")),
        ("/*timeline*/", (assets / "timeline.js").read_text("utf-8")),
        ("/*script*/", (assets / "page.js").read_text("utf-8")),
        ("/*run*/", data),
    ):
        text = text.replace(mark, part, 1)
    return text


def _document(run: Run) -> dict[str, Any]:
    found = spans(run.trace or (), run.refused)
    violations = [
        _violation(Violation.of(span.event), number)
        for number, span in enumerate(found)
        if span.event.event == "violation"
    ]
    return {
        "version": pyiismod.__version__,
        "when": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(run.began)) if run.began else "",
        "outcome": run.outcome,
        "request": None if run.request is None else _request(run),
        "modules": [_module(module) for module in run.modules],
        "response": None if run.response is None else _response(run),
        "error": None if run.error is None else _error(run),
        "violations": violations,
        "refused": list(dict.fromkeys(run.refused)),
        "output": visible(run.output),
        "threads": {number: thread_name(number) for number in sorted({span.event.thread for span in found})},
        "spans": [_span(span) for span in found],
        "links": list(links(found)),
    }


def _violation(violation: Violation, number: int) -> dict[str, Any]:
    rule = violation.rule
    stack = [visible(str(frame)) for frame in violation.event.args.get("stack", ())]
    told = {"rule": rule.id, "severity": rule.severity, "why": rule.why, "fix": rule.fix}
    return {**told, "text": visible(violation), "stack": stack, "at": number}


def _request(run: Run) -> dict[str, Any]:
    assert run.request is not None
    request = run.request
    return {
        "method": visible(request.method),
        "url": visible(request.url),
        "headers": [[visible(name), visible(value)] for name, value in request.headers],
        "size": size(len(request.content)),
    }


def _module(module: Any) -> dict[str, Any]:
    registration = module.registration
    return {
        "name": visible(module.name),
        "file": visible(module.path.name),
        "path": visible(str(module.path)),
        "request": list(registration.request_notifications),
        "post": list(registration.post_notifications),
        "global": list(registration.global_notifications),
        "priorities": dict(registration.priorities),
        "warnings": [visible(warning) for warning in module.warnings],
    }


def _response(run: Run) -> dict[str, Any]:
    assert run.response is not None
    response = run.response
    text = body_text(response)
    head = head_lines(response)
    return {
        "status": response.status,
        "line": head[0],
        "headers": head[1:],
        "size": size(len(response.content)),
        "body": None if text is None else text[:_LONGEST_BODY],
        "is_cut": text is not None and len(text) > _LONGEST_BODY,
        "connection": response.connection,
    }


def _error(run: Run) -> dict[str, Any]:
    assert run.error is not None
    error, details = run.error, run.error.details
    rows = stack_in_short(details.get("stack") or [], details.get("module"))
    return {
        "type": type(error).__name__,
        "message": visible(error.message),
        "hint": visible(error.hint or ""),
        "stack": [[row.number, row.text, row.own] for row in rows],
        "calls": [visible(str(call)) for call in details.get("host_calls") or ()],
        "output": visible("".join(map(str, details.get("debug_output") or ()))),
    }


def _span(span: Span) -> dict[str, Any]:
    event = span.event
    found: dict[str, Any] = {
        "n": label(event),
        "k": event.event,
        "g": span.stage,
        "s": round(span.start, 3),
        "u": round(span.us, 3),
        "d": span.depth,
        "t": event.thread,
        "m": visible(event.module or ""),
        "f": span.facts(),
    }
    if span.is_refused:
        found["x"] = "refused"
    elif span.has_failed:
        found["x"] = "failed"
    return found
