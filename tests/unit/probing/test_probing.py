"""The parts of probe and diff that need no worker: answers and their differences, interests, requests, reports."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from pyiismod.inspection.inspector import inspect_module
from pyiismod.probing.ask import Answer, Change, Request, calls_of, differences
from pyiismod.probing.comparison import Comparison, Difference, Timing
from pyiismod.probing.interest import Interest, interests
from pyiismod.probing.probe import Confined, Probe, Reaction, Registered
from pyiismod.probing.variations import VISITOR, clues, variations
from pyiismod.report.comparison import comparison_report
from pyiismod.report.probing import probe_report
from pyiismod.runtime import confinement
from pyiismod.trace import Trace, TraceEvent

FIXTURES = Path(__file__).parents[3] / "fixtures"


def call(method: str, interface: str = "IHttpRequest", result: Any = None, **args: Any) -> TraceEvent:
    return TraceEvent("call", "m.dll", "RQ_BEGIN_REQUEST", False, interface, method, args, result, 1.0)


def answer(**changes: Any) -> Answer:
    values = {"outcome": "completed", "status": 200, "substatus": 0, "reason": "OK", "body": b"same"}
    values |= {"headers": (("a", "1"),)}
    return Answer(**{**values, "calls": (), "milliseconds": 0.1, **changes})


# --- differences


def test_equal_answers_do_not_differ() -> None:
    assert differences(answer(), answer(milliseconds=9.0)) == []


def test_each_difference_is_told_once() -> None:
    found = differences(
        answer(calls=("A", "B")), answer(status=404, headers=(("b", "2"),), body=b"sane", calls=("A", "C"))
    )
    assert [change.what for change in found] == ["status", "header a", "header b", "body", "calls"]
    told = {change.what: (change.before, change.after) for change in found}
    assert told["header b"] == ("(absent)", "2")
    assert told["calls"] == ("B", "C")
    assert told["body"][0].startswith("4 bytes, sha256 ")


def test_a_failure_hides_everything_else() -> None:
    found = differences(answer(), answer(outcome="crashed", status=0, body=b"", error="it crashed"))
    assert [change.what for change in found] == ["outcome", "error"]


def test_what_differs_by_itself_is_left_out() -> None:
    assert differences(answer(), answer(body=b"other"), ignored=("body",)) == []


def test_calls_that_only_read_are_compared_by_what_they_ask_for() -> None:
    events = Trace(
        [
            call("GetHeader", pszHeaderName="X-A", pcchHeaderValue=3, result="abc"),
            call(
                "SetHeader", "IHttpResponse", pszHeaderName="X-B", pszHeaderValue="v", cchHeaderValue=1, result="S_OK"
            ),
        ]
    )
    assert list(calls_of(events)) == [
        "IHttpRequest::GetHeader(pszHeaderName=X-A)",
        "IHttpResponse::SetHeader(pszHeaderName=X-B, pszHeaderValue=v) → S_OK",
    ]


# --- interests and variations


def test_interests_by_notification() -> None:
    events = [
        call("GetHeader", pszHeaderName="X-A"),
        call("GetHeader", ulHeaderIndex="Cookie"),
        call("GetHeader", pszHeaderName="X-A"),
        call("GetServerVariable", "IHttpContext", pszVariableName="HTTP_X_B"),
        call("GetScriptName", "IHttpContext"),
        call("GetRemoteAddress"),
        call("SetStatus", "IHttpResponse", statusCode=403),
    ]
    assert interests(events) == (
        Interest(
            "RQ_BEGIN_REQUEST",
            headers=("X-A", "Cookie"),
            server_variables=("HTTP_X_B",),
            url=("GetScriptName",),
            others=("client address",),
            changes=("IHttpResponse::SetStatus(statusCode=403)",),
        ),
    )


def test_variations_try_texts_near_the_name_of_a_header() -> None:
    path = FIXTURES / "hidden_door.dll"
    found = clues(inspect_module(path), path, [Interest("RQ_BEGIN_REQUEST", headers=("X-Trace-Token",))])
    assert "open-sesame-1791" in found.headers["X-Trace-Token"]
    tried = list(variations(found))
    assert ("header", "X-Trace-Token: open-sesame-1791") in {(group, request.name) for group, request in tried}
    assert {group for group, _ in tried} >= {"crawler", "referer", "header", "verb", "path", "query", "client"}
    for _, request in tried:
        assert request != VISITOR


def test_server_variables_and_cookies_become_requests() -> None:
    path = FIXTURES / "hello.dll"
    asked = [Interest("RQ_BEGIN_REQUEST", headers=("Cookie", "User-Agent"), server_variables=("HTTP_X_REAL_IP",))]
    names = {request.name for _, request in variations(clues(inspect_module(path), path, asked))}
    assert {"X-Real-Ip: 1", "without User-Agent"} <= names
    assert not any(name.startswith("Cookie: ") for name in names)


def test_texts_become_paths() -> None:
    path = FIXTURES / "style_rewriter.msvc.dll"
    names = {request.name for group, request in variations(clues(inspect_module(path), path, ())) if group == "path"}
    assert {"/friendly/", "/friendly/x", "/index.html?name=x"} <= names


# --- confinement


def test_bubblewrap_hides_homes_and_shows_what_is_needed(tmp_path: Path) -> None:
    words = confinement._bubblewrap(tmp_path, [Path("/home/me/pyiismod"), Path("/usr/lib/wine")])
    line = " ".join(words)
    assert "--unshare-all" in words
    assert "--share-net" not in words
    assert "--ro-bind / /" in line
    assert "--ro-bind /home/me/pyiismod /home/me/pyiismod" in line or not Path("/home").is_dir()
    assert "/usr/lib/wine" not in words
    assert words[-5:-2] == ["--bind", str(tmp_path), str(tmp_path)]


# --- reports


def shown(*pages: Any) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(*pages, sep="\n")
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_probe_report() -> None:
    change = Change("body", "4 bytes: a\r\n", "5 bytes: \x1b[31m")
    reaction = Reaction("header", "X-A: 1", Request("X-A: 1"), (change,), True)
    quiet = Reaction("verb", "PUT", Request("PUT"), (Change("calls", "(none)", "A"),), False)
    page = shown(
        *probe_report(
            Probe(
                module="m.dll",
                sandbox=Confined("unshare", ("network: none",), ("files: yours",)),
                outcome="completed",
                registration=Registered(("RQ_BEGIN_REQUEST",), (), (), {"RQ_BEGIN_REQUEST": "FIRST"}),
                plain={"status": 200, "reason": "OK", "headers": [], "outcome": "completed", "error": ""},
                reactions=(reaction, quiet),
                tried={"visitor": 2, "header": 1},
                complete=False,
            )
        )
    )
    for text in ("confined by unshare", "RQ_BEGIN_REQUEST (FIRST)", "X-A: 1", "only change what it asks", "--seconds"):
        assert text in page
    assert "\x1b" not in page


def test_comparison_report() -> None:
    changes = (Change("status", "200", "500"),)
    found = Comparison(
        "a.dll", "b.dll", (Change("signer", "x", "y"),), (), (Difference("one", changes), Difference("two", changes)),
        3, 2, Timing(0.1, 0.2), {"three": ("body",)}, "bubblewrap",
    )  # fmt: skip
    page = shown(*comparison_report(found))
    for text in ("they differ", "signer", "one; two", "200 → 500", "2 of them compared", "0.1 ms → 0.2 ms"):
        assert text in page
    assert found.as_dict()["differs"] is True
