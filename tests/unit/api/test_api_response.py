"""Response, its headers, and the trace: what the user reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.headers import Headers
from pyiismod.response import Response
from pyiismod.trace import Trace, TraceEvent

LINES = [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("X-Empty", "")]


def response(content: bytes = b"", content_type: str | None = None) -> Response:
    lines = [] if content_type is None else [("content-TYPE", content_type)]
    return Response(200, 0, "OK", Headers(lines), content, Trace(), ())


def event(kind: str, method: str, **fields: object) -> TraceEvent:
    values = {"module": "a.dll", "notification": None, "post": False, "interface": None, "args": {}, "result": None}
    return TraceEvent(kind, method=method, us=1.5, **{**values, **fields})  # type: ignore[arg-type]


# --- headers


def test_look_up_is_case_insensitive_and_joins_lines() -> None:
    headers = Headers(LINES)
    assert headers["content-type"] == headers["CONTENT-TYPE"] == "text/plain"
    assert headers["Set-Cookie"] == "a=1, b=2"
    assert headers.get_list("SET-COOKIE") == ["a=1", "b=2"]
    assert headers["x-empty"] == ""
    assert headers.get("nope") is None
    assert headers.get_list("nope") == []
    with pytest.raises(KeyError):
        headers["nope"]


def test_it_is_a_mapping_of_names_that_differ() -> None:
    headers = Headers(LINES)
    assert list(headers) == ["Content-Type", "Set-Cookie", "X-Empty"]
    assert len(headers) == 3
    assert dict(headers) == {"Content-Type": "text/plain", "Set-Cookie": "a=1, b=2", "X-Empty": ""}
    assert "sEt-CoOkIe" in headers
    assert "nope" not in headers
    assert 5 not in headers


def test_lines_are_as_sent_and_a_copy() -> None:
    headers = Headers(LINES)
    assert headers.lines() == LINES
    headers.lines().clear()
    assert headers.lines() == LINES
    assert repr(headers) == f"Headers({LINES!r})"


@given(st.lists(st.tuples(st.sampled_from(["A", "a", "B", "b", "C-c", "c-C"]), st.text(max_size=4)), max_size=8))
def test_headers_against_a_list(lines: list[tuple[str, str]]) -> None:
    headers = Headers(lines)
    names = {name.lower() for name, _ in lines}
    assert len(headers) == len(list(headers)) == len(names)
    assert {name.lower() for name in headers} == names
    for name in names:
        assert headers.get_list(name) == [v for n, v in lines if n.lower() == name]
        assert headers[name] == ", ".join(headers.get_list(name))


# --- text


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        (b"\xc3\xa4", None, "ä"),
        (b"\xc3\xa4", "text/plain", "ä"),
        (b"\xe4", "text/plain; charset=iso-8859-1", "ä"),
        (b"\xe4", 'text/plain; Charset="ISO-8859-1"; x=y', "ä"),
        (b"\xe4", "text/plain;charset=latin1;x", "ä"),
        (b"\xff", "text/plain", "�"),
        (b"ok", "text/plain; charset=nonsense", "ok"),
        (b"ok", "text/plain; charset=", "ok"),
        (b"ok", "text/plain; charset=a\0b", "ok"),
        (b"ok", "text/plain; charset=hex", "ok"),
        (b"\xff", "text/plain; charset=idna", "�"),
        (b"a\0b", None, "a\0b"),
    ],
)
def test_text(content: bytes, content_type: str | None, text: str) -> None:
    assert response(content, content_type).text == text


def test_repr() -> None:
    assert repr(response(b"abc")) == "<Response 200 OK, 3 bytes>"


# --- trace


EVENTS = [
    event("phase", "GetHttpModule"),
    event("notification", "OnBeginRequest", notification="RQ_BEGIN_REQUEST"),
    event("call", "SetHeader", interface="IHttpResponse", args={"pszHeaderName": "X"}, result="S_OK"),
    event("output", "OutputDebugString", args={"text": "one "}),
    event("call", "Clear", module="b.dll"),
    event("output", "exception", args={"text": "0xC0000005"}),
    event("output", "OutputDebugString", args={"text": "two"}),
    event("violation", "something odd", args={"rule": "IM026"}),
]


def test_views() -> None:
    trace = Trace(EVENTS)
    assert [e.method for e in trace.notifications] == ["OnBeginRequest"]
    assert [e.method for e in trace.calls()] == ["SetHeader", "Clear"]
    assert [e.method for e in trace.calls("Clear")] == ["Clear"]
    assert [e.method for e in trace.calls(module="a.dll")] == ["SetHeader"]
    assert len(trace.calls("Clear", module="a.dll")) == 0
    assert trace.violations == ("something odd",)
    assert trace.violations[0].rule.name == "bad-chunk"
    assert trace.violations[0].event is trace[-1]
    assert trace.output == "one two"


def test_it_is_a_sequence() -> None:
    trace = Trace(iter(EVENTS))
    assert len(trace) == len(list(trace)) == len(EVENTS)
    assert trace[0] is EVENTS[0]
    assert trace[-1].method == "something odd"
    assert isinstance(trace[1:3], Trace)
    assert list(trace[1:3]) == EVENTS[1:3]
    assert list(trace + Trace(EVENTS[:1])) == [*EVENTS, EVENTS[0]]
    assert repr(trace) == "<Trace of 8 events>"
    assert not Trace()


def test_as_dicts_is_json_with_the_fixed_names() -> None:
    """Design section 9."""
    rows = json.loads(json.dumps(Trace(EVENTS).as_dicts()))
    names = ["event", "module", "notification", "post", "interface", "method", "args", "result", "us"]
    assert [list(row) for row in rows] == [names] * len(EVENTS)
    assert rows[2] == {
        "event": "call",
        "module": "a.dll",
        "notification": None,
        "post": False,
        "interface": "IHttpResponse",
        "method": "SetHeader",
        "args": {"pszHeaderName": "X"},
        "result": "S_OK",
        "us": 1.5,
    }
