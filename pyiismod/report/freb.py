"""https://learn.microsoft.com/en-us/iis/troubleshoot/using-failed-request-tracing/troubleshooting-failed-requests-using-tracing-in-iis

The timeline as a log of IIS's failed request tracing (``fr000001.xml``), which the viewers of such logs open.

Notifications are the events that IIS itself writes (NOTIFY_MODULE_START and NOTIFY_MODULE_END; an error status is
MODULE_SET_RESPONSE_ERROR_STATUS). Calls into the host, output and violations are events of a provider of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

from pyiismod.abi import constants
from pyiismod.report.record import Run
from pyiismod.report.spans import Span, spans
from pyiismod.report.values import visible

__all__ = ["freb"]

_EVENTS = "http://schemas.microsoft.com/win/2004/08/events/event"
_TRACE = "http://schemas.microsoft.com/win/2004/08/events/trace"
_FREB = "http://schemas.microsoft.com/win/2006/06/iis/freb"
_WWW_SERVER = "WWW Server", "{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}"
_OURS = "pyiismod", "{" + str(uuid5(NAMESPACE_URL, "urn:pyiismod:trace")).upper() + "}"
_GENERAL, _NOTIFICATIONS = "{D42CF7EF-DE92-473E-8B6C-621EA663113A}", "{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}"
_ACTIVITY = "{00000000-0000-0000-0000-000000000001}"
_GENERAL_LEVEL, _WARNING, _VERBOSE = 0, 3, 5
_OPCODES = {"GENERAL_REQUEST_START": 1, "GENERAL_REQUEST_END": 2, "NOTIFY_MODULE_START": 1, "NOTIFY_MODULE_END": 2}
_KEYWORDS = {_NOTIFICATIONS: "0x100"}
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # of XML
_STATUSES = {
    "RQ_NOTIFICATION_CONTINUE": (0, "NOTIFICATION_CONTINUE"),
    "RQ_NOTIFICATION_PENDING": (1, "NOTIFICATION_PENDING"),
    "RQ_NOTIFICATION_FINISH_REQUEST": (2, "NOTIFICATION_FINISH"),
}


class _Line(NamedTuple):
    """One event of the log; ``descriptions`` put into words what some of its data mean."""

    time: float
    opcode: str
    data: dict[str, object]
    descriptions: dict[str, str] = {}  # noqa: RUF012  # a tuple's default, never changed
    provider: tuple[str, str] = _WWW_SERVER
    area: str = _NOTIFICATIONS
    level: int = _VERBOSE
    thread: int = 0


def freb(run: Run) -> str:
    """Return a run as a log of failed request tracing."""
    found = spans(run.trace or ())
    requests = [span for span in found if (span.event.notification or "").startswith("RQ_")]
    first = min((span.start for span in requests), default=0.0)
    last = max((span.start + span.us for span in requests), default=first)
    status, substatus = (run.response.status, run.response.substatus) if run.response is not None else (0, 0)
    shown = f"{status}.{substatus}" if substatus else str(status)
    attributes = {
        "url": run.url,
        "siteId": "1",
        "appPoolId": "DefaultAppPool",
        "processId": "1",
        "verb": run.method,
        "authenticationType": "NOT_AVAILABLE",
        "activityId": _ACTIVITY,
        "failureReason": "STATUS_CODE",
        "statusCode": shown,
        "triggerStatusCode": shown,
        "timeTaken": str(round((last - first) / 1000)),
        "xmlns:freb": _FREB,
    }
    head = "".join(f"\n               {name}={quoteattr(_plain(value))}" for name, value in attributes.items())
    lines = [_begin(run, first), *_lines(requests), _end(run, last, status, substatus)]
    body = "\n".join(_event(line, run.began) for line in lines)
    return (
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet type='text/xsl' href='freb.xsl'?>\n"
        f"<failedRequest{head}>\n{body}\n</failedRequest>\n"
    )


def _begin(run: Run, time: float) -> _Line:
    url = run.url if "://" in run.url else f"http://localhost:80{run.url}"
    data: dict[str, object] = {"SiteId": 1, "AppPoolId": "DefaultAppPool", "ConnId": 1, "RawConnId": 0}
    data |= {"RequestURL": url, "RequestVerb": run.method}
    return _Line(time, "GENERAL_REQUEST_START", data, area=_GENERAL, level=_GENERAL_LEVEL)


def _end(run: Run, time: float, status: int, substatus: int) -> _Line:
    sent = len(run.response.content) if run.response is not None else 0
    data: dict[str, object] = {"BytesSent": sent, "BytesReceived": 0, "HttpStatus": status, "HttpSubStatus": substatus}
    return _Line(time, "GENERAL_REQUEST_END", data, area=_GENERAL, level=_GENERAL_LEVEL)


def _lines(found: Iterable[Span]) -> list[_Line]:
    """Return the lines of the request in order of time; what ends stands behind what it contains."""
    keyed = []
    for number, span in enumerate(found):
        for line in _of(span):
            is_end = line.time > span.start
            keyed.append(((line.time, is_end, -number if is_end else number), line))
    return [line for _, line in sorted(keyed, key=lambda pair: pair[0])]


def _of(span: Span) -> Iterator[_Line]:
    event, thread = span.event, span.event.thread
    module = (event.module or "").removesuffix(".dll")
    told = event.notification or ""
    number, name = getattr(constants, told, 0), told.removeprefix("RQ_")
    if event.event == "notification":
        common: dict[str, object] = {"ModuleName": module, "Notification": number}
        is_completion = event.method in ("OnAsyncCompletion", "completion routine")
        post = "true" if event.post else "false"
        start = {**common, "fIsPostNotification": post, "fIsCompletion": "true" if is_completion else "false"}
        yield _Line(span.start, "NOTIFY_MODULE_START", start, {"Notification": name}, thread=thread)
        value, word = _STATUSES.get(str(event.result), (event.result, str(event.result)))
        end = {**common, "fIsPostNotificationEvent": post, "NotificationStatus": value}
        words = {"Notification": name, "NotificationStatus": word}
        yield _Line(max(span.start + span.us, span.start + 0.001), "NOTIFY_MODULE_END", end, words, thread=thread)
        return
    facts: dict[str, object] = {"ModuleName": module, "Notification": name, **span.facts}
    level = _WARNING if event.event == "violation" else _VERBOSE
    yield _Line(span.start, span.label, facts, provider=_OURS, area=_OURS[1], level=level, thread=thread)
    status = event.args.get("statusCode") if event.method == "SetStatus" else None
    if isinstance(status, int) and status >= 400:
        error = {
            "ModuleName": module,
            "Notification": number,
            "HttpStatus": status,
            "HttpReason": event.args.get("pszReason") or "",
            "HttpSubStatus": event.args.get("uSubStatus") or 0,
            "ErrorCode": event.args.get("hrErrorToReport") or 0,
        }
        words = {"Notification": name}
        opcode = "MODULE_SET_RESPONSE_ERROR_STATUS"
        yield _Line(span.start, opcode, error, words, area=_NOTIFICATIONS, level=_WARNING, thread=thread)


def _plain(value: object) -> str:
    return _NO_CHARACTERS.sub("\ufffd", visible(str(value)))


def _text(value: object) -> str:
    return escape(_plain(value))


def _event(line: _Line, began: float) -> str:
    moment = datetime.fromtimestamp(began + line.time / 1_000_000, UTC)
    created = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = "".join(
        f"\n   <Data Name={quoteattr(name)}>{_text(value)}</Data>"
        for name, value in {"ContextId": _ACTIVITY, **line.data}.items()
    )
    words = "".join(
        f"\n   <freb:Description Data={quoteattr(name)}>{_text(text)}</freb:Description>"
        for name, text in line.descriptions.items()
    )
    name, guid = line.provider
    return f""" <Event xmlns="{_EVENTS}">
  <System>
   <Provider Name="{name}" Guid="{guid}"/>
   <EventID>0</EventID>
   <Version>1</Version>
   <Level>{line.level}</Level>
   <Opcode>{_OPCODES.get(line.opcode, 0)}</Opcode>
   <Keywords>{_KEYWORDS.get(line.area, "0x0")}</Keywords>
   <TimeCreated SystemTime="{created}"/>
   <Correlation ActivityID="{_ACTIVITY}"/>
   <Execution ProcessID="1" ThreadID="{line.thread}"/>
   <Computer>localhost</Computer>
  </System>
  <EventData>{data}
  </EventData>
  <RenderingInfo Culture="en-US">
   <Opcode>{_text(line.opcode)}</Opcode>{words}
  </RenderingInfo>
  <ExtendedTracingInfo xmlns="{_TRACE}">
   <EventGuid>{line.area}</EventGuid>
  </ExtendedTracingInfo>
 </Event>"""
