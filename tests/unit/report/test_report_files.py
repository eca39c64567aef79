"""A run as HTML page, Chrome trace and log of failed request tracing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pyiismod.errors import ModuleCrashed, UsageError
from pyiismod.headers import Headers
from pyiismod.report import save
from pyiismod.report.freb import freb
from pyiismod.report.page import page
from pyiismod.report.perfetto import perfetto
from pyiismod.report.record import Run
from pyiismod.report.spans import spans
from pyiismod.response import Response
from pyiismod.trace import Trace, TraceEvent

EVENT = "{http://schemas.microsoft.com/win/2004/08/events/event}"
FREB = "{http://schemas.microsoft.com/win/2006/06/iis/freb}"
EVIL = "<b>\x1b]0;x\x07&\"'\ufffe"


def event(kind: str, method: str, at: float, us: float = 0, **fields: Any) -> TraceEvent:
    values = {"module": "m.dll", "notification": None, "post": False, "interface": None, "args": {}, "result": None}
    values |= {"depth": 0, "thread": 0, **fields}
    return TraceEvent(event=kind, method=method, us=us, at=at, **values)


BEGIN = {"notification": "RQ_BEGIN_REQUEST", "depth": 1}
FINISH = "RQ_NOTIFICATION_FINISH_REQUEST"
STATUS = {"statusCode": 403, "pszReason": EVIL}
TRACE = Trace(
    [
        event("phase", "LoadLibrary", 1000, 500),
        event("notification", "OnBeginRequest", 2000, 100, notification=BEGIN["notification"], result=FINISH),
        event("call", "SetStatus", 2010, 20, interface="IHttpResponse", args=STATUS, **BEGIN),
        event("output", "OutputDebugString", 2040, args={"text": "hi <there>\n"}, **BEGIN),
        event("violation", "did wrong", 2050, args={"rule": "IM016"}, **BEGIN),
        event("call", "GetUser", 2060, 5, interface="IHttpContext", **{**BEGIN, "thread": 1, "depth": 0}),
        event("phase", "FreeLibrary", 3000, 10),
    ]
)
RESPONSE = Response(403, 2, "No", Headers([("A", EVIL)]), EVIL.encode(), TRACE, ())
RUN = Run((), RESPONSE, TRACE, (), None, "printed <text>", "GET", "/?a=<x>", 1_800_000_000.0)


def test_times_begin_with_the_first_event() -> None:
    assert [(span.start, span.us) for span in spans(TRACE)][:3] == [(0, 500), (1000, 100), (1010, 20)]
    assert [span.is_mark for span in spans(TRACE)] == [False, False, False, True, True, False, False]


def test_chrome_trace() -> None:
    events = json.loads(perfetto(RUN))["traceEvents"]
    named = {e["name"]: e for e in events}
    assert named["IHttpResponse::SetStatus"] | {"args": {}} == {
        "name": "IHttpResponse::SetStatus",
        "cat": "call",
        "ph": "X",
        "ts": 1010,
        "dur": 20,
        "pid": 1,
        "tid": 0,
        "args": {},
    }
    assert named["IM016 did wrong"]["ph"] == "i"
    assert {e["args"]["name"] for e in events if e["name"] == "thread_name"} == {"request", "thread 1"}


def test_failed_request_tracing() -> None:
    root = ElementTree.fromstring(freb(RUN))
    assert (root.tag, root.get("url"), root.get("statusCode"), root.get("verb")) == (
        "failedRequest",
        "/?a=<x>",
        "403.2",
        "GET",
    )
    opcodes = [each.text for each in root.iterfind(f"{EVENT}Event/{EVENT}RenderingInfo/{EVENT}Opcode")]
    assert opcodes == [
        "GENERAL_REQUEST_START",
        "NOTIFY_MODULE_START",
        "IHttpResponse::SetStatus",
        "MODULE_SET_RESPONSE_ERROR_STATUS",
        "OutputDebugString: hi <there>",
        "IM016 did wrong",
        "IHttpContext::GetUser",
        "NOTIFY_MODULE_END",
        "GENERAL_REQUEST_END",
    ]
    ends = root.findall(f"{EVENT}Event")[7]
    data = {each.get("Name"): each.text for each in ends.iterfind(f"{EVENT}EventData/{EVENT}Data")}
    assert (data["ModuleName"], data["Notification"], data["NotificationStatus"]) == ("m", "1", "2")
    words = {each.get("Data"): each.text for each in ends.iter(f"{FREB}Description")}
    assert words == {"Notification": "BEGIN_REQUEST", "NotificationStatus": "NOTIFICATION_FINISH"}
    created = ends.find(f"{EVENT}System/{EVENT}TimeCreated")
    assert created is not None
    assert created.get("SystemTime") == "2027-01-15T08:00:00.001Z"


class Checker(HTMLParser):
    """Counts elements, and makes sure that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag:
            assert self.open.pop() in ("p",)
        self.open.pop()


def test_page() -> None:
    text = page(RUN)
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert checker.seen.count("rect") == checker.seen.count("tr") == len(TRACE)
    assert checker.seen.count("svg") == 3
    assert "b" not in checker.seen  # what modules say is text
    assert "\x1b" not in text
    assert not re.search(r"(?:src|href)=", text)  # needs nothing else
    assert "hi &lt;there&gt;" in text
    assert "printed &lt;text&gt;" in text


def test_page_of_a_failure() -> None:
    text = page(Run(error=ModuleCrashed("it <crashed>"), method="GET", url="/"))
    assert '<span class="outcome failed">crashed</span>' in text
    assert "it &lt;crashed&gt;" in text


def test_the_name_says_which_report(tmp_path: Path) -> None:
    for name, begins in (("a.html", "<!doctype"), ("a.json", "{"), ("fr000001.xml", "<?xml")):
        save.save(RUN, tmp_path / name)
        assert (tmp_path / name).read_text("utf-8").startswith(begins)
    with pytest.raises(UsageError, match="of no known kind"):
        save.save(RUN, tmp_path / "a.txt")
    with pytest.raises(UsageError, match="there is no folder"):
        save.save(RUN, tmp_path / "absent" / "a.html")
