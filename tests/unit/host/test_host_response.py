"""IHttpResponse4: the struct, status, redirect and switches (fact sheet 5.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_DATA,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    address,
    chunk,
    hr,
    of,
    read_wide,
    response_of,
    sent_body,
    status_of,
    text,
    wide,
    write_body,
)

from pyiismod.host._abi import ffi

Open = Callable[..., Any]

CONNECTION_INVALID = hr(1229)


def headers(x: Any) -> dict[str, str]:
    return dict(x.outgoing.headers)


# --- the struct


def test_both_getters_give_the_one_struct(exchange: Open) -> None:
    native = of(exchange().response)
    raw = native.GetRawHttpResponse_mutable()
    assert address(native.GetRawHttpResponse_const()) == address(raw)
    assert (raw.StatusCode, ffi.string(raw.pReason), raw.ReasonLength, raw.EntityChunkCount) == (200, b"OK", 2, 0)
    assert (raw.Version.MajorVersion, raw.Version.MinorVersion) == (1, 1)


def test_the_struct_is_the_state(exchange: Open) -> None:
    """Design section 7: modules write the struct directly."""
    x = exchange()
    raw = of(x.response).GetRawHttpResponse_mutable()
    reason, value, data = ffi.new("char[]", b"Raw"), ffi.new("char[]", b"a/b"), chunk(b"direct")
    raw.StatusCode, raw.pReason, raw.ReasonLength = 203, reason, 3
    raw.Headers.KnownHeaders[12].pRawValue, raw.Headers.KnownHeaders[12].RawValueLength = value, 3
    raw.pEntityChunks, raw.EntityChunkCount = data, 1
    assert write_body(of(x.response), b" and more")[0] == 0
    assert sent_body(x) == b"direct and more"
    assert (x.outgoing.status, x.outgoing.reason, headers(x)["Content-Type"]) == (203, "Raw", "a/b")


def test_a_module_zeroes_the_chunks(exchange: Open) -> None:
    x = exchange()
    write_body(of(x.response), b"gone")
    of(x.response).GetRawHttpResponse_mutable().EntityChunkCount = 0
    write_body(of(x.response), b"stays")
    assert sent_body(x) == b"stays"


# --- status


def test_status_at_the_start(exchange: Open) -> None:
    assert status_of(of(exchange().response)) == (200, 0, b"OK", 2, 0, None, 0, 0)


@pytest.mark.parametrize("code", [0, 1, 100, 200, 404, 599, 600, 999, 1000, 65535])
@pytest.mark.parametrize("sub", [0, 14, 999, 1005, 65535])
def test_any_status_round_trips(code: int, sub: int, exchange: Open) -> None:
    """Substatus is a USHORT; a limit is unconfirmed."""
    native = of(exchange().response)
    assert native.SetStatus(code, text(b"Why"), sub, -5, NULL, 1) == 0
    assert status_of(native)[:5] == (code, sub, b"Why", 3, -5)
    assert status_of(native)[7] == 1
    assert native.SetStatus(code, text(b""), 0, 0, NULL, 0) == 0
    assert status_of(native)[:5] == (code, 0, b"", 0, 0)


def test_a_reason_is_copied_and_may_be_null(exchange: Open) -> None:
    native = of(exchange().response)
    reason = ffi.new("char[]", b"before")
    assert native.SetStatus(404, reason, 0, 0, NULL, 0) == 0
    ffi.memmove(reason, b"after!", 6)
    assert status_of(native)[2:4] == (b"before", 6)
    assert native.SetStatus(500, NULL, 0, 0, NULL, 0) == 0
    assert status_of(native)[:4] == (500, 0, b"", 0)


@pytest.mark.parametrize(("size", "result"), [(65535, 0), (65536, INVALID_DATA)])
def test_a_reason_that_is_too_long_is_refused(size: int, result: int, exchange: Open) -> None:
    native = of(exchange().response)
    assert native.SetStatus(404, text(b"r" * size), 0, 0, NULL, 0) == result
    assert status_of(native)[0] == (404 if result == 0 else 200)


def test_every_out_pointer_of_get_status_is_optional(exchange: Open) -> None:
    native = of(exchange().response)
    native.GetStatus(*[NULL] * 9)
    code = ffi.new("USHORT *")
    native.GetStatus(code, *[NULL] * 8)
    assert code[0] == 200


def test_who_set_the_status(host: Host) -> None:
    """GetStatus names the module as the configuration does, and the notification."""
    seen: list[Any] = []

    def set_status(context: Native, provider: Native) -> int:
        assert response_of(context).SetStatus(403, text(b"No"), 14, 0, NULL, 0) == 0
        return CONTINUE

    def look(context: Native, provider: Native) -> int:
        seen.append(status_of(response_of(context)))
        response_of(context).Clear()
        seen.append(status_of(response_of(context)))
        return FINISH

    host.load("Setter", {"OnAuthorizeRequest": set_status})
    host.load("Looker", {"OnResolveRequestCache": look})
    host.fire()
    assert seen == [(403, 14, b"No", 2, 0, "Setter", 0x4, 0), (200, 0, b"OK", 2, 0, None, 0, 0)]


# --- redirect


@pytest.mark.parametrize(
    ("url", "include", "location"),
    [
        (b"https://example.com/", 0, "https://example.com/"),
        (b"/root", 0, "http://localhost:8080/root"),
        (b"/root", 1, "http://localhost:8080/root?a=1"),
        (b"beside", 0, "http://localhost:8080/dir/beside"),
        (b"/login?back=http://x/", 0, "http://localhost:8080/login?back=http://x/"),
        (b"/\xe4", 0, "http://localhost:8080/\xe4"),
    ],
)
def test_redirect(url: bytes, include: int, location: str, exchange: Open) -> None:
    """302 and Location; relative becomes absolute; buffered data goes; nothing is flushed."""
    x = exchange(target="/dir/page?a=1", authority="localhost:8080")
    write_body(of(x.response), b"old")
    assert of(x.response).Redirect(text(url), 1, include) == 0
    assert x.outgoing.started is False
    sent = sent_body(x)
    assert (x.outgoing.status, x.outgoing.reason, headers(x)["Location"]) == (302, "Redirect", location)
    assert b"old" not in sent
    assert location.encode("latin-1") in sent
    assert headers(x)["Content-Length"] == str(len(sent))


def test_redirect_without_the_status_writes_the_body_only(exchange: Open) -> None:
    x = exchange()
    assert of(x.response).Redirect(text(b"/x"), 0, 0) == 0
    assert b"Object Moved" in sent_body(x)
    assert (x.outgoing.status, "Location" in headers(x)) == (200, False)


@pytest.mark.parametrize("url", [None, b"", b"/a\r\nX: y", b"/\n", b"/" + b"a" * 65535])
def test_a_redirect_that_cannot_be(url: bytes | None, exchange: Open) -> None:
    x = exchange()
    write_body(of(x.response), b"stays")
    assert of(x.response).Redirect(NULL if url is None else text(url), 1, 0) == INVALID_PARAMETER
    assert sent_body(x) == b"stays"
    assert x.outgoing.status == 200


# --- the rest


def test_switches(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    assert (native.GetKernelCacheEnabled(), native.GetHeadersSuppressed()) == (1, 0)
    native.DisableKernelCache(9)
    native.SuppressHeaders()
    assert (native.GetKernelCacheEnabled(), native.GetHeadersSuppressed()) == (0, 1)
    write_body(native, b"bare")
    assert sent_body(x) == b"bare"
    assert (x.outgoing.status, x.outgoing.headers) == (0, [])


def test_need_disconnect_closes_after_this_response(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetNeedDisconnect()
    x.finish()
    assert headers(x)["Connection"] == "close"


@pytest.mark.parametrize("slot", ["ResetConnection", "CloseConnection"])
def test_a_cut_connection(slot: str, exchange: Open) -> None:
    """5.3: an immediate RST; what has left stays with the client, the rest and later writes fail."""
    x = exchange()
    native = of(x.response)
    write_body(native, b"left")
    native.Flush(0, 1, NULL, NULL)
    write_body(native, b"lost")
    native.slot(slot)()
    assert write_body(native, b"late")[0] == CONNECTION_INVALID
    assert native.Flush(0, 1, NULL, NULL) == CONNECTION_INVALID
    assert sent_body(x) == b"left"
    assert x.outgoing.aborted is True


@pytest.mark.parametrize("slot", ["ResetConnection", "CloseConnection"])
def test_a_connection_cut_before_anything_was_sent(slot: str, host: Host) -> None:
    """Without FINISH the pipeline goes on."""
    told: list[str] = []

    def cut(context: Native, provider: Native) -> int:
        response_of(context).slot(slot)()
        return CONTINUE

    def later(context: Native, provider: Native) -> int:
        told.append("end")
        return CONTINUE

    host.load("cut", {"OnBeginRequest": cut, "OnEndRequest": later, "OnSendResponse": later})
    outgoing = host.fire()
    assert (told, outgoing.status, outgoing.headers, outgoing.body) == (["end"], 0, [], [])


def test_error_description(exchange: Open) -> None:
    native = of(exchange().response)
    length = ffi.new("DWORD *", 77)
    assert native.GetErrorDescription(length) == NULL
    assert native.GetErrorDescription(NULL) == NULL
    assert length[0] == 0
    assert native.SetErrorDescription(NULL, 5, 1) == INVALID_PARAMETER
    assert native.SetErrorDescription(wide('<b>"😀"&ignored'), 8, 1) == 0
    expected = "&lt;b&gt;&quot;😀&quot;&amp;"
    assert read_wide(native.GetErrorDescription(length)) == expected
    assert length[0] == len(expected.encode("utf-16-le")) // 2
    assert native.SetErrorDescription(wide("<b>"), 3, 0) == 0
    assert read_wide(native.GetErrorDescription(NULL)) == "<b>"
