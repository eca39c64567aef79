"""IHttpRequest4, slot by slot (fact sheet 5.2), and the raw HTTP_REQUEST behind it (5.11)."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from nativecall import (
    HANDLE_EOF,
    INVALID_PARAMETER,
    NOT_FOUND,
    NULL,
    Host,
    address,
    of,
    raw_of,
    read_body,
    text,
    wide,
)

from pyiismod.abi.headers import REQUEST_HEADER_NAMES
from pyiismod.host._abi import ffi

Open = Callable[..., Any]


# --- the struct


def test_both_getters_give_the_one_struct(exchange: Open) -> None:
    native = of(exchange().request)
    assert address(native.GetRawHttpRequest_const()) == address(native.GetRawHttpRequest_mutable())


def test_ids_are_opaque_not_zero_and_not_shared(exchange: Open) -> None:
    first, second = (raw_of(of(exchange().request)) for _ in range(2))
    for field in ("ConnectionId", "RequestId", "RawConnectionId", "UrlContext"):
        assert getattr(first, field) != 0
    assert first.RequestId != second.RequestId


@pytest.mark.parametrize("version", [(1, 0), (1, 1), (2, 0)])
def test_version(version: tuple[int, int], exchange: Open) -> None:
    native = of(exchange(version=version).request)
    major, minor = ffi.new("USHORT *"), ffi.new("USHORT *")
    native.GetHttpVersion(major, minor)
    native.GetHttpVersion(NULL, NULL)
    assert (major[0], minor[0]) == version == (raw_of(native).Version.MajorVersion, raw_of(native).Version.MinorVersion)


VERBS = {
    "OPTIONS": 3,
    "GET": 4,
    "HEAD": 5,
    "POST": 6,
    "PUT": 7,
    "DELETE": 8,
    "TRACE": 9,
    "CONNECT": 10,
    "TRACK": 11,
    "MOVE": 12,
    "COPY": 13,
    "PROPFIND": 14,
    "PROPPATCH": 15,
    "MKCOL": 16,
    "LOCK": 17,
    "UNLOCK": 18,
    "SEARCH": 19,
    "PATCH": 1,
    "get": 1,
    "Unknown": 1,
    "Maximum": 1,
    "INVALID": 1,
    "X" * 1000: 1,
}


@pytest.mark.parametrize("method", VERBS, ids=lambda m: m[:12])
@pytest.mark.parametrize("how", ["received", "set"])
def test_verbs(method: str, how: str, exchange: Open) -> None:
    """5.11: an unknown verb has its text in pUnknownVerb; a known one has none."""
    native = of(exchange(method if how == "received" else "GET").request)
    if how == "set":
        assert native.SetHttpMethod(text(method.encode())) == 0
    raw = raw_of(native)
    assert raw.Verb == VERBS[method]
    unknown = ffi.string(raw.pUnknownVerb).decode() if raw.pUnknownVerb else ""
    assert (unknown, raw.UnknownVerbLength) == ((method, len(method)) if VERBS[method] == 1 else ("", 0))
    assert ffi.string(native.GetHttpMethod()).decode() == method


def test_a_method_that_cannot_be(exchange: Open) -> None:
    native = of(exchange().request)
    assert native.SetHttpMethod(NULL) == INVALID_PARAMETER
    assert native.SetHttpMethod(text(b"")) == INVALID_PARAMETER
    assert native.SetHttpMethod(text(b"M" * 65536)) == INVALID_PARAMETER
    assert ffi.string(native.GetHttpMethod()) == b"GET"


def test_the_struct_is_the_state_of_the_verb(exchange: Open) -> None:
    """Section 7: modules write the struct directly; also nonsense must not hurt."""
    native = of(exchange().request)
    raw = raw_of(native)
    raw.Verb = 8
    assert ffi.string(native.GetHttpMethod()) == b"DELETE"
    raw.Verb, raw.pUnknownVerb, raw.UnknownVerbLength = 1, NULL, 5
    assert ffi.string(native.GetHttpMethod()) == b""
    raw.Verb = 999
    assert ffi.string(native.GetHttpMethod()) == b""


def test_the_method_string_is_private(exchange: Open) -> None:
    native = of(exchange().request)
    ffi.memmove(ffi.cast("char *", native.GetHttpMethod()), b"PUT", 3)
    assert ffi.string(native.GetHttpMethod()) == b"GET"
    assert raw_of(native).Verb == 4


def test_raw_url_is_what_was_on_the_wire(exchange: Open) -> None:
    target = "/a%20b/../%41?x=%20&y=\xff"
    raw = raw_of(of(exchange(target=target).request))
    assert ffi.buffer(raw.pRawUrl, raw.RawUrlLength)[:] == target.encode("latin-1")
    assert ffi.string(raw.pRawUrl) == target.encode("latin-1")


def test_cooked_url_of_the_longest_url() -> None:
    """32767 characters are what its USHORTs of bytes can say."""
    host = Host()
    origin = len("http://localhost:80")
    x = host.open(target="/" + "a" * (32767 - origin - 1))
    assert raw_of(of(x.request)).CookedUrl.FullUrlLength == 65534
    x._end()


@pytest.mark.parametrize(
    ("name", "port", "family", "size"),
    [("127.0.0.1", 80, 2, 4), ("10.1.2.3", 65535, 2, 4), ("::1", 443, 23, 16), ("2001:db8::1", 1, 23, 16)],
)
def test_addresses(name: str, port: int, family: int, size: int, exchange: Open) -> None:
    """GetRemoteAddress, GetLocalAddress: IPv4 and IPv6, as Windows numbers the families; ports in network order."""
    native = of(exchange(remote=(name, port), local=(name, port)).request)
    for pointer in (native.GetRemoteAddress(), native.GetLocalAddress()):
        packed = ffi.buffer(ffi.cast("char *", pointer), 28 if size == 16 else 16)[:]
        assert int.from_bytes(packed[:2], "little") == family
        assert int.from_bytes(packed[2:4], "big") == port
        offset = 4 if size == 4 else 8
        assert packed[offset : offset + size] == ip_address(name).packed
    raw = raw_of(native)
    assert address(raw.Address.pRemoteAddress) == address(native.GetRemoteAddress())
    assert address(raw.Address.pLocalAddress) == address(native.GetLocalAddress())


def test_headers_as_http_sys_receives_them(exchange: Open) -> None:
    """5.11: known ones in their slot, joined when repeated; unknown ones stay lines of their own."""
    lines = [("X-A", "1"), ("accept", "a"), ("Accept", "b"), ("X-A", "2"), ("Cookie", "c=1"), ("Cookie", "d=2")]
    raw = raw_of(of(exchange(headers=lines).request))
    known = raw.Headers.KnownHeaders
    slots = {name: h for name, h in zip(REQUEST_HEADER_NAMES, known, strict=True) if h.pRawValue}
    by_name = {name: ffi.buffer(h.pRawValue, h.RawValueLength)[:] for name, h in slots.items()}
    assert by_name == {"Accept": b"a, b", "Cookie": b"c=1; d=2"}
    unknown = [raw.Headers.pUnknownHeaders[i] for i in range(raw.Headers.UnknownHeaderCount)]
    got = [(ffi.buffer(h.pName, h.NameLength)[:], ffi.buffer(h.pRawValue, h.RawValueLength)[:]) for h in unknown]
    assert got == [(b"X-A", b"1"), (b"X-A", b"2")]


def test_every_known_request_header_lands_in_its_slot(exchange: Open) -> None:
    raw = raw_of(of(exchange(headers=[(name.upper(), name) for name in REQUEST_HEADER_NAMES]).request))
    assert [ffi.string(h.pRawValue).decode() for h in raw.Headers.KnownHeaders] == list(REQUEST_HEADER_NAMES)
    assert raw.Headers.UnknownHeaderCount == 0


def test_fields_of_a_plain_request(exchange: Open) -> None:
    raw = raw_of(of(exchange(headers=[("Host", "localhost")]).request))
    assert (raw.Flags, raw.pSslInfo, raw.EntityChunkCount, raw.pEntityChunks) == (0, NULL, 0, NULL)
    assert raw.BytesReceived == len("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (raw.RequestInfoCount, raw.pRequestInfo) == (0, NULL)


# --- URL


def test_set_url_keeps_or_resets_the_query(exchange: Open) -> None:
    x = exchange(target="/old?a=1")
    native = of(x.request)
    assert native.GetUrlChanged() == 0
    assert native.SetUrl_a(text(b"/new"), 4, 0) == 0
    assert (x.request.url.path, x.request.url.query) == ("/new", "?a=1")
    assert native.SetUrl_a(text(b"/own?b=2"), 8, 0) == 0
    assert (x.request.url.path, x.request.url.query) == ("/own", "?b=2")
    assert native.SetUrl_w(wide("/wide/你"), 7, 1) == 0
    assert (x.request.url.path, x.request.url.query) == ("/wide/你", "")
    assert native.GetUrlChanged() == 1
    assert x.physical_path.endswith("\\wide\\你")


def test_set_url_counts_characters(exchange: Open) -> None:
    x = exchange()
    assert of(x.request).SetUrl_a(text(b"/abcdef"), 4, 1) == 0
    assert x.request.url.path == "/abc"
    assert of(x.request).SetUrl_w(wide("/abcdef"), 3, 1) == 0
    assert x.request.url.path == "/ab"


@pytest.mark.parametrize("size", [65536, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_url_that_is_too_long_is_not_even_read(size: int, exchange: Open) -> None:
    x = exchange()
    assert of(x.request).SetUrl_a(text(b"/short"), size, 1) == INVALID_PARAMETER
    assert of(x.request).SetUrl_w(wide("/short"), size, 1) == INVALID_PARAMETER
    assert (x.request.url.path, of(x.request).GetUrlChanged()) == ("/", 0)


def test_a_url_that_cannot_be(exchange: Open) -> None:
    x = exchange()
    assert of(x.request).SetUrl_a(NULL, 5, 1) == INVALID_PARAMETER
    assert of(x.request).SetUrl_w(NULL, 5, 1) == INVALID_PARAMETER
    assert of(x.request).SetUrl_w(wide("/\ud800"), 2, 1) in (0, INVALID_PARAMETER)
    assert x.timeline.faults == []


def test_the_url_variable_keeps_the_original(exchange: Open) -> None:
    x = exchange(target="/old")
    of(x.request).SetUrl_a(text(b"/new"), 4, 1)
    assert x.variables.get("URL") == "/old"
    assert x.variables.get("SCRIPT_NAME") == "/new"


def test_nothing_is_forwarded(exchange: Open) -> None:
    assert of(exchange().request).GetForwardedUrl() == NULL


@pytest.mark.parametrize("site", [1, 0xFFFFFFFF])
def test_site_id(site: int, exchange: Open) -> None:
    assert of(exchange(settings={"site_id": site}).request).GetSiteId() == site


def test_no_client_certificate(exchange: Open) -> None:
    native = of(exchange().request)
    info, negotiated = ffi.new("HTTP_SSL_CLIENT_CERT_INFO **", ffi.cast("void *", 0xDEAD)), ffi.new("BOOL *", 7)
    assert native.GetClientCertificate(info, negotiated) == NOT_FOUND
    assert (address(info[0]), negotiated[0]) == (0xDEAD, 7)
    assert native.GetClientCertificate(NULL, negotiated) == INVALID_PARAMETER
    assert native.GetClientCertificate(info, NULL) == INVALID_PARAMETER


# --- the body


@pytest.mark.parametrize("slot", ["ReadEntityBody", "ReadEntityBody_flags"])
def test_read_until_the_end(slot: str, exchange: Open) -> None:
    native = of(exchange("POST", body=b"abcdef").request)
    assert native.GetRemainingEntityBytes() == 6
    assert read_body(native, 4, slot) == (0, b"abcd", 0)
    assert native.GetRemainingEntityBytes() == 2
    assert read_body(native, 4, slot) == (0, b"ef", 0)
    assert read_body(native, 4, slot) == (HANDLE_EOF, b"", 0)
    assert native.GetRemainingEntityBytes() == 0


def test_an_async_read_that_ends_inline(exchange: Open) -> None:
    """2.4: what was preloaded is there at once; pfCompletionPending comes back FALSE, and no completion follows."""
    x = exchange("POST", body=b"abc")
    buffer, got, pending = ffi.new("char[8]"), ffi.new("DWORD *"), ffi.new("BOOL *", 7)
    assert of(x.request).ReadEntityBody(buffer, 8, 1, got, pending) == 0
    assert (got[0], pending[0]) == (3, 0)


def test_reads_with_odd_arguments(exchange: Open) -> None:
    native = of(exchange("POST", body=b"abcdef").request)
    buffer, got = ffi.new("char[8]"), ffi.new("DWORD *", 77)
    assert native.ReadEntityBody(NULL, 8, 0, got, NULL) == INVALID_PARAMETER
    assert native.ReadEntityBody(buffer, 0, 0, got, NULL) == INVALID_PARAMETER
    assert got[0] == 77
    assert native.GetRemainingEntityBytes() == 6
    assert native.ReadEntityBody(buffer, 2, 0, NULL, NULL) == 0
    assert native.GetRemainingEntityBytes() == 4


def test_a_buffer_that_is_claimed_to_be_huge(exchange: Open) -> None:
    native = of(exchange("POST", body=b"abc").request)
    buffer, got = ffi.new("char[8]"), ffi.new("DWORD *")
    assert native.ReadEntityBody(buffer, 0xFFFFFFFF, 0, got, NULL) == 0
    assert (got[0], ffi.buffer(buffer)[:4]) == (3, b"abc\0")


@pytest.mark.parametrize(
    ("size", "ahead"), [(0, 49152), (10, 49152), (49152, 49152), (49153, 49152), (100, 10), (5, 0)]
)
def test_the_preloaded_part(size: int, ahead: int, exchange: Open) -> None:
    """5.2: up to uploadReadAheadSize bytes are in pEntityChunks; a flag says that there is more."""
    body = bytes(i % 251 for i in range(size))
    native = of(exchange("POST", body=body, settings={"upload_read_ahead": ahead}).request)
    raw, first = raw_of(native), min(size, ahead)
    assert raw.EntityChunkCount == (1 if first else 0)
    if first:
        memory = raw.pEntityChunks[0].FromMemory
        assert raw.pEntityChunks[0].DataChunkType == 0
        assert ffi.buffer(memory.pBuffer, memory.BufferLength)[:] == body[:first]
    assert raw.Flags & 1 == int(size > ahead)
    assert native.GetRemainingEntityBytes() == size


def test_an_inserted_buffer_is_not_copied(exchange: Open) -> None:
    """It is read when its turn comes: it must live to the end of the request."""
    native = of(exchange("POST", body=b"rest").request)
    memory = ffi.new("char[]", b"before")
    assert native.InsertEntityBody(memory, 6) == 0
    ffi.memmove(memory, b"after!", 6)
    assert read_body(native, 100)[1] == b"after!"
    assert read_body(native, 100)[1] == b"rest"


def test_inserts_with_odd_arguments(exchange: Open) -> None:
    native = of(exchange("POST", body=b"rest").request)
    assert native.InsertEntityBody(NULL, 0) == 0
    assert native.InsertEntityBody(ffi.new("char[1]"), 0) == 0
    assert native.InsertEntityBody(NULL, 5) == INVALID_PARAMETER
    assert native.GetRemainingEntityBytes() == 4


def test_remaining_bytes_do_not_wrap(exchange: Open) -> None:
    native = of(exchange("POST", body=b"rest").request)
    memory = ffi.new("char[16]")
    for _ in range(2):
        assert native.InsertEntityBody(memory, 0xFFFFFFFF) == 0
    assert native.GetRemainingEntityBytes() == 0xFFFFFFFF
