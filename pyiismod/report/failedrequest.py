"""https://learn.microsoft.com/en-us/iis/troubleshoot/using-failed-request-tracing/reading-a-failed-request-tracing-log-file

One request as IIS's failed request tracing writes it (``fr000001.xml``), for the viewers that people have.

IIS's own events have its names and data (provider ``WWW Server``); an opcode that is not public is 0, because viewers
go by the name. What only this host knows comes in between, as events of the provider ``pyiismod``: every call of a
module, what it sent to the debugger, and what it did against a
rule. The file names ``freb.xsl`` as its style sheet, which belongs to IIS and lies beside IIS's own logs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pyiismod
from pyiismod.abi import constants
from pyiismod.report.record import Run
from pyiismod.report.response import body_text
from pyiismod.report.spans import Span, label, spans
from pyiismod.report.values import arguments, outcome

__all__ = ["failed_request"]

_EVENT = "http://schemas.microsoft.com/win/2004/08/events/event"
_TRACE = "http://schemas.microsoft.com/win/2004/08/events/trace"
_FREB = "http://schemas.microsoft.com/win/2006/06/iis/freb"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ACTIVITY = "{00000000-0000-0000-0000-000000000001}"
_WARNING, _INFORMATION, _VERBOSE = 3, 4, 5
_PENDING = "RQ_NOTIFICATION_PENDING"
_STATUS = {
    "RQ_NOTIFICATION_CONTINUE": (0, "NOTIFICATION_CONTINUE"),
    _PENDING: (1, "NOTIFICATION_PENDING"),
    "RQ_NOTIFICATION_FINISH_REQUEST": (2, "NOTIFICATION_FINISH"),
    "GL_NOTIFICATION_CONTINUE": (0, "NOTIFICATION_CONTINUE"),
    "GL_NOTIFICATION_HANDLED": (1, "NOTIFICATION_HANDLED"),
}
_OPCODES = {"GENERAL_REQUEST_START": 1, "GENERAL_REQUEST_END": 2}  # viewers go by the name
_LARGEST = 65_536  # characters of a body


class _Area(NamedTuple):
    provider: str
    provider_guid: str
    guid: str
    keyword: str
    bit: int


_IIS = "{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}"
_OURS = "{7B2E9C1C-4E0B-4F0F-9B36-6F1D5C7A0E11}"
_GENERAL = _Area("WWW Server", _IIS, "{D42CF7EF-DE92-473E-8B6C-621EA663113A}", "", 0)
_NOTIFICATIONS = _Area("WWW Server", _IIS, "{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}", "RequestNotifications", 0x100)
_HOST = _Area("pyiismod", _OURS, "{7B2E9C1C-4E0B-4F0F-9B36-6F1D5C7A0E12}", "HostCalls", 0x1)


class _Line(NamedTuple):
    """One event of the file; ``words`` are friendly renderings of some of the data."""

    at: float
    area: _Area
    opcode: int
    name: str
    level: int
    data: dict[str, Any]
    words: dict[str, str]
    thread: int = 0


def failed_request(run: Run) -> str:
    """Return the request of a run as the XML text of a failed request trace.

    Loading and unloading are left out, because IIS traces requests. The wall clock is that of ``run.began``, else now.
    """
    found = [span for span in spans(run.trace or (), run.refused) if span.stage == "request"]
    start = found[0].start if found else 0.0
    end = max((span.end for span in found), default=start)
    lines = [*_beginning(run, start), *sorted(_middle(found), key=lambda line: line.at), *_end(run, end)]
    began = run.began or time.time()
    root = ET.Element("failedRequest", _summary(run, (end - start) / 1000))
    for line in lines:
        root.append(_element(line, began))
    ET.indent(root, " ")
    text = ET.tostring(root, "unicode")
    style = "<?xml-stylesheet type='text/xsl' href='freb.xsl'?>"
    note = f"<!-- {pyiismod.__name__} {pyiismod.__version__}: not written by IIS -->"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{style}\n{note}\n{text}\n'


def _summary(run: Run, milliseconds: float) -> dict[str, str]:
    status = _status(run)
    return {
        "url": _clean(run.request.url if run.request else ""),
        "siteId": "1",
        "appPoolId": "DefaultAppPool",
        "processId": "0",
        "verb": run.request.method if run.request else "",
        "remoteUserName": "",
        "userName": "",
        "tokenUserName": "",
        "authenticationType": "NOT_AVAILABLE",
        "activityId": _ACTIVITY,
        "failureReason": "STATUS_CODE" if run.error is None else "WORKER_PROCESS_FAILED",
        "statusCode": status,
        "triggerStatusCode": status,
        "timeTaken": str(round(milliseconds)),
        "xmlns:freb": _FREB,
    }


def _status(run: Run) -> str:
    response = run.response
    if response is None:
        return "0"
    return f"{response.status}.{response.substatus}" if response.substatus else str(response.status)


def _beginning(run: Run, at: float) -> Iterator[_Line]:
    url, verb = (run.request.url, run.request.method) if run.request else ("", "")
    data = {"SiteId": 1, "AppPoolId": "DefaultAppPool", "ConnId": 1, "RawConnId": 0}
    yield _general(at, "GENERAL_REQUEST_START", **data, RequestURL=url, RequestVerb=verb)
    if run.request:
        yield _general(at, "GENERAL_REQUEST_HEADERS", Headers=_headers(run.request.headers))
        if run.request.content:
            text = run.request.content.decode("utf-8", "backslashreplace")
            yield _general(at, "GENERAL_REQUEST_ENTITY", Buffer=text[:_LARGEST])


def _end(run: Run, at: float) -> Iterator[_Line]:
    if run.error is not None:
        yield _Line(at, _HOST, 4, "WORKER_PROCESS_FAILED", 1, {"Outcome": run.outcome, "Message": str(run.error)}, {})
    response = run.response
    if response is None:
        return
    yield _general(at, "GENERAL_RESPONSE_HEADERS", Headers=_headers(response.headers.lines()))
    if response.content:
        text = body_text(response)
        shown = f"({len(response.content)} bytes of binary data)" if text is None else text[:_LARGEST]
        yield _general(at, "GENERAL_RESPONSE_ENTITY_BUFFER", Buffer=shown)
    received = len(run.request.content) if run.request else 0
    yield _general(
        at,
        "GENERAL_REQUEST_END",
        BytesSent=len(response.content),
        BytesReceived=received,
        HttpStatus=response.status,
        HttpSubStatus=response.substatus,
    )


def _middle(found: Iterable[Span]) -> Iterator[_Line]:
    """Yield the lines of spans; the end of one comes before the next begins, and after what is inside of it."""
    open_ends: dict[int, list[_Line]] = {}
    for span in found:
        ends = open_ends.setdefault(span.event.thread, [])
        while ends and ends[-1].at <= span.start:
            yield ends.pop()
        begin, end = _lines(span)
        yield from begin
        if end is not None:
            ends.append(end)
    for ends in open_ends.values():
        yield from reversed(ends)


def _lines(span: Span) -> tuple[list[_Line], _Line | None]:
    kind = span.event.event
    if kind == "notification":
        return _notification(span)
    if kind == "call":
        return [*_status_set(span), _call(span)], None
    if kind == "violation":
        stack = "\n".join(map(str, span.event.args.get("stack", ())))
        rule = {"Rule": span.event.args["rule"], "Text": span.event.method} | ({"Stack": stack} if stack else {})
        return [_host(span, 3, "MODULE_VIOLATES_RULE", _WARNING, **rule)], None
    if kind == "output":
        return [_host(span, 2, "MODULE_OUTPUT", _INFORMATION, Source=span.event.method, Text=label(span.event))], None
    if kind == "trace":
        return [_host(span, 5, span.event.method, _INFORMATION, **_flat(span.event.args))], None
    return [_host(span, 6, "MODULE_PHASE", _VERBOSE, Phase=span.event.method, Result=_result(span))], None


def _notification(span: Span) -> tuple[list[_Line], _Line | None]:
    event = span.event
    name = event.notification or ""
    thread, module = event.thread, event.module or ""
    number, word = _STATUS.get(str(event.result), (0, str(event.result)))
    if name.startswith("GL_"):
        stem = name.removeprefix("GL_")
        begin = _Line(span.start, _NOTIFICATIONS, 0, f"{stem}_START", _VERBOSE, {"ModuleName": module}, {}, thread)
        status = {"ModuleName": module, "NotificationStatus": number}
        words = {"NotificationStatus": word}
        return [begin], _Line(span.end, _NOTIFICATIONS, 0, f"{stem}_END", _VERBOSE, status, words, thread)
    words = {"Notification": name.removeprefix("RQ_")}
    told: dict[str, Any] = {"ModuleName": module, "Notification": getattr(constants, name, 0)}
    post = str(event.post).lower()
    if event.method == "OnAsyncCompletion":
        completion = {
            "fIsPostNotificationEvent": post,
            "CompletionBytes": event.args.get("bytes", 0),
            "ErrorCode": event.args.get("status", 0),
        }
        begin = _Line(
            *(span.start, _NOTIFICATIONS, 3, "NOTIFY_MODULE_COMPLETION", _VERBOSE, told | completion, words, thread)
        )
    else:
        flags = {"fIsPostNotification": post, "fIsCompletion": "false"}
        begin = _Line(span.start, _NOTIFICATIONS, 1, "NOTIFY_MODULE_START", _VERBOSE, told | flags, words, thread)
    status = told | {"fIsPostNotificationEvent": post, "NotificationStatus": number}
    words = words | {"NotificationStatus": word}
    return [begin], _Line(span.end, _NOTIFICATIONS, 2, "NOTIFY_MODULE_END", _VERBOSE, status, words, thread)


def _status_set(span: Span) -> Iterator[_Line]:
    """Yield what IIS says when a module sets an error status."""
    event, args = span.event, span.event.args
    status = args.get("statusCode")
    if event.method != "SetStatus" or not isinstance(status, int) or status < 400:
        return
    name = event.notification or ""
    data = {
        "ModuleName": event.module or "",
        "Notification": getattr(constants, name, 0),
        "HttpStatus": status,
        "HttpReason": args.get("pszReason", ""),
        "HttpSubStatus": args.get("uSubStatus", 0),
        "ErrorCode": args.get("hrErrorToReport", "S_OK"),
        "ConfigExceptionInfo": "",
    }
    words = {"Notification": name.removeprefix("RQ_"), "ErrorCode": str(data["ErrorCode"])}
    yield _Line(
        *(span.start, _NOTIFICATIONS, 0, "MODULE_SET_RESPONSE_ERROR_STATUS", _WARNING, data, words, event.thread)
    )


def _call(span: Span) -> _Line:
    level = _WARNING if span.is_refused or span.has_failed else _VERBOSE
    facts = {"Method": label(span.event), "Arguments": arguments(span.event.args), "Result": _result(span)}
    if span.is_refused:
        facts["Refused"] = "true"
    return _host(span, 1, "MODULE_CALLS_HOST", level, **facts, Microseconds=round(span.us, 1))


def _host(span: Span, opcode: int, name: str, level: int, **data: Any) -> _Line:
    whose = {"ModuleName": span.event.module} if span.event.module else {}
    return _Line(span.start, _HOST, opcode, name, level, whose | data, {}, span.event.thread)


def _general(at: float, name: str, **data: Any) -> _Line:
    return _Line(at, _GENERAL, _OPCODES.get(name, 0), name, _INFORMATION, data, {})


def _headers(lines: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in lines)


def _result(span: Span) -> str:
    return "" if span.event.result is None else outcome(span.event.result)


def _flat(values: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _element(line: _Line, began: float) -> ET.Element:
    event = ET.Element("Event", {"xmlns": _EVENT})
    system = ET.SubElement(event, "System")
    ET.SubElement(system, "Provider", {"Name": line.area.provider, "Guid": line.area.provider_guid})
    for name, value in (("EventID", 0), ("Version", 1), ("Level", line.level), ("Opcode", line.opcode)):
        ET.SubElement(system, name).text = str(value)
    ET.SubElement(system, "Keywords").text = f"0x{line.area.bit:x}"
    ET.SubElement(system, "TimeCreated", {"SystemTime": _moment(began + line.at / 1_000_000)})
    ET.SubElement(system, "Correlation", {"ActivityID": _ACTIVITY})
    ET.SubElement(system, "Execution", {"ProcessID": "0", "ThreadID": str(line.thread)})
    ET.SubElement(system, "Computer").text = "localhost"
    data = ET.SubElement(event, "EventData")
    for name, value in {"ContextId": _ACTIVITY, **line.data}.items():
        ET.SubElement(data, "Data", {"Name": _clean(name)}).text = _clean(str(value))
    rendering = ET.SubElement(event, "RenderingInfo", {"Culture": "en-US"})
    ET.SubElement(rendering, "Opcode").text = _clean(line.name)
    if line.area.keyword:
        ET.SubElement(ET.SubElement(rendering, "Keywords"), "Keyword").text = line.area.keyword
    for name, word in line.words.items():
        ET.SubElement(rendering, "freb:Description", {"Data": name}).text = _clean(word)
    extended = ET.SubElement(event, "ExtendedTracingInfo", {"xmlns": _TRACE})
    ET.SubElement(extended, "EventGuid").text = line.area.guid
    return event


def _moment(seconds: float) -> str:
    """Return a time with milliseconds, neither more nor fewer: the style sheet reads no other."""
    thousandths = round(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(thousandths // 1000)) + f".{thousandths % 1000:03d}Z"


def _clean(text: str) -> str:
    """Return text without what XML cannot hold: a module may put anything into it."""
    return _NO_XML.sub("\ufffd", text)
