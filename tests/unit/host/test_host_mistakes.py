"""Mistakes of section 6 that the host notes in a request: each where it happens, and the right way beside it."""

from __future__ import annotations

import pytest
from nativecall import CONTINUE, FINISH, NULL, Host, Native, read_body, request_of, response_of

from pyiismod.host import cookies
from pyiismod.host._abi import ffi


def rules(host: Host) -> list[str]:
    return [e.args["rule"] for e in host.timeline.events if e.event == "violation"]


@pytest.mark.parametrize(
    ("value", "replaced", "words"),
    [
        (b"a=1; Path=/", [], None),
        (b"a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/", [], None),
        (b"a=1, b=2", [], "two cookies, a and b"),
        (b"a=1; Path=/,b=2", [], "two cookies, a and b"),
        (b"a=2", [b"a=1; Path=/"], None),
        (b"a=2", [b"a=1", b"b=1; Secure"], "Set-Cookie of a replaces that of b"),
        (b"", [b"b=1"], "replaces that of b"),
    ],
)
def test_cookies(value: bytes, replaced: list[bytes], words: str | None) -> None:
    """Mistake 15; the comma of a date is none between cookies."""
    found = cookies.fault(value, replaced)
    assert (found is None) if words is None else (words in (found or ""))


def test_a_body_that_is_read_is_put_back_or_missed(host: Host) -> None:
    """Mistake 9."""
    memory = ffi.new("char[]", b"body")

    def takes(context: Native, provider: Native) -> int:
        assert read_body(request_of(context), 100)[1] == b"body"
        return CONTINUE

    def gives_back(context: Native, provider: Native) -> int:
        takes(context, provider)
        assert request_of(context).InsertEntityBody(memory, 4) == 0
        return CONTINUE

    for handler, expected in ((takes, ["IM020"]), (gives_back, [])):
        each = Host()
        each.load("m", {"OnBeginRequest": handler})
        each.fire("POST", body=b"body")
        assert rules(each) == expected


def test_a_handler_may_read_the_body(host: Host) -> None:
    host.load("m", {"OnExecuteRequestHandler": lambda c, p: read_body(request_of(c), 9) and CONTINUE})
    host.fire("POST", body=b"body")
    assert rules(host) == []


def test_a_loop_at_the_end_of_the_body_is_told_once_and_ended(host: Host) -> None:
    """Mistake 11: after very many reads the end comes the other way."""
    seen: list[int] = []

    def begin(context: Native, provider: Native) -> int:
        request = request_of(context)
        seen.extend(read_body(request, 4)[0] for _ in range(1002))
        return FINISH

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    assert rules(host) == ["IM034"]
    assert (seen[0], seen[999]) != (0, 0)
    assert seen[1000:] == [0, 0]


@pytest.mark.parametrize(("handler", "expected"), [("OnBeginRequest", ["IM030"]), ("OnLogRequest", ["IM030"])])
def test_set_url_in_the_pipeline(handler: str, expected: list[str], host: Host) -> None:
    """Mistake 37."""
    path = ffi.new("WCHAR[]", "/other")
    host.load("m", {handler: lambda c, p: request_of(c).SetUrl_w(path, 6, 1) or CONTINUE})
    host.fire()
    assert rules(host) == expected


def test_a_number_in_the_place_of_a_name(host: Host) -> None:
    """The slot of the other overload (section 0): no crash, and a rule."""
    length = ffi.new("USHORT *", 7)

    def begin(context: Native, provider: Native) -> int:
        assert request_of(context).GetHeader_name(ffi.cast("char *", 28), length) == NULL
        assert response_of(context).DeleteHeader_name(ffi.cast("char *", 5)) == 0
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    assert rules(host) == ["IM008", "IM008"]
    assert length[0] == 0
    call = next(e for e in host.timeline.events if e.method == "GetHeader")
    assert call.args["pszHeaderName"] == "(the number 28)"
