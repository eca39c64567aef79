"""Requests as data, and what can be told of the answers: :class:`Request`, :func:`ask`, :func:`differences`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any

import msgspec

from pyiismod.errors import ModuleError
from pyiismod.server import Server
from pyiismod.trace import Trace, TraceEvent

__all__ = ["Answer", "Change", "Request", "ask", "differences"]

_VOLATILE = {"date"}
_SHOWN = 160
_CALLS = 400
_READS = ("Get", "Read", "Is")
_NAMES = ("pszHeaderName", "ulHeaderIndex", "pszVariableName", "pszName", "pszUrl")


class Request(msgspec.Struct, frozen=True):
    """One request. ``name`` says what is special about it; ``remote`` is the client's address."""

    name: str
    method: str = "GET"
    url: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    remote: str = "203.0.113.7"

    def with_header(self, name: str, value: str | None, label: str) -> Request:
        """Return the same with one header set, or left out when ``value`` is None."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        added = () if value is None else ((name, value),)
        return msgspec.structs.replace(self, name=label, headers=kept + added)


class Answer(msgspec.Struct, frozen=True):
    """What came of one request, comparable.

    Attributes:
        outcome: ``"completed"``, ``"crashed"`` or ``"hung"``.
        headers: in lower case, without those that differ at each request.
        calls: each notification with its result, and the calls into the host in it, as text.
        milliseconds: what the notifications took together.
    """

    outcome: str
    status: int
    substatus: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    calls: tuple[str, ...]
    milliseconds: float
    error: str = ""
    trace: Trace | None = None

    def seen_by_client(self) -> tuple[object, ...]:
        """Return what a client can tell."""
        return self.outcome, self.status, self.substatus, self.reason, self.headers, self.body


class Change(msgspec.Struct, frozen=True):
    """One difference: ``what`` is ``"outcome"``, ``"status"``, ``"header NAME"``, ``"body"``, ``"calls"``, …"""

    what: str
    before: str
    after: str


def ask(server: Server, request: Request, *, schedule: str | int = "inline") -> Answer:
    """Send a request and return what came of it; a module that fails is an answer, too.

    Raises:
        PyiismodError: the failure is not the module's.
    """
    try:
        response = server.request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.content or None,
            remote=(request.remote, 50000),
            schedule=schedule,
        )
    except ModuleError as error:
        return Answer(error.outcome, 0, 0, "", (), b"", (), 0.0, error.message)
    headers = tuple(
        sorted((name.lower(), value) for name, value in response.headers.lines() if name.lower() not in _VOLATILE)
    )
    told = response.trace.notifications
    spent = sum(event.us for event in told if event.depth == 0) / 1000
    return Answer(
        "completed",
        response.status,
        response.substatus,
        response.reason,
        headers,
        response.content,
        tuple(calls_of(response.trace)),
        spent,
        "",
        response.trace,
    )


def calls_of(trace: Trace) -> Iterator[str]:
    """Yield notifications and calls as text, without what differs only because the request does."""
    for number, event in enumerate(event for event in trace if event.event in ("notification", "call")):
        if number >= _CALLS:
            yield "…"
            return
        if event.event == "notification":
            yield f"{event.method} → {event.result}"
        else:
            yield f"{event.interface}::{event.method}({', '.join(_arguments(event))}){_result(event)}"


def _arguments(event: TraceEvent) -> Iterator[str]:
    """Yield what says which call it is: not sizes, and of what only reads not the values read."""
    reads = event.method.startswith(_READS)
    for name, value in event.args.items():
        if name in _NAMES if reads else not name.startswith(("cb", "cch", "pcb", "pcch")):
            yield f"{name}={_plain(value)}"


def _result(event: TraceEvent) -> str:
    return "" if event.result is None or event.method.startswith(_READS) else f" → {_plain(event.result)}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(str, value)) or "0"
    return str(value)


def differences(before: Answer, after: Answer, ignored: Iterable[str] = ()) -> list[Change]:
    """Return how the second answer differs, in what a client sees and in what the module asked the host.

    Args:
        before: the one to compare with.
        after: the other one.
        ignored: values of :attr:`Change.what` that differ without a reason.
    """
    found = [
        Change(what, str(old), str(new))
        for what, old, new in (
            ("outcome", before.outcome, after.outcome),
            ("status", before.status, after.status),
            ("substatus", before.substatus, after.substatus),
            ("reason", before.reason, after.reason),
            ("error", before.error, after.error),
        )
        if old != new
    ]
    if not before.outcome == after.outcome == "completed":
        return [change for change in found if change.what in ("outcome", "error")]
    old_headers, new_headers = dict(before.headers), dict(after.headers)
    for name in sorted({*old_headers, *new_headers}):
        if (old := _values(before, name)) != (new := _values(after, name)):
            found.append(Change(f"header {name}", old, new))
    if before.body != after.body:
        found.append(Change("body", *_excerpts(before.body, after.body)))
    if before.calls != after.calls:
        found.append(Change("calls", *_call_changes(before.calls, after.calls)))
    skip = set(ignored)
    return [change for change in found if change.what not in skip]


def _values(answer: Answer, name: str) -> str:
    values = [value for header, value in answer.headers if header == name]
    return ", ".join(values) if values else "(absent)"


def _excerpts(before: bytes, after: bytes) -> tuple[str, str]:
    """Return both bodies around the place where they begin to differ."""
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, same - 20)
    return _excerpt(before, start), _excerpt(after, start)


def _excerpt(body: bytes, start: int) -> str:
    text = body[start : start + _SHOWN].decode("utf-8", "backslashreplace")
    digest = hashlib.sha256(body).hexdigest()[:12]
    return f"{len(body)} bytes, sha256 {digest}…: {'…' if start else ''}{text}"


def _call_changes(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, str]:
    gone: list[str] = []
    new: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            gone += before[a:b]
            new += after[c:d]
    return "; ".join(gone[:10]) or "(none)", "; ".join(new[:10]) or "(none)"
