"""Chunks, flush, end and the wire of a response (fact sheet 5.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from nativecall import (
    ARITHMETIC_OVERFLOW,
    E_NOTIMPL,
    INVALID_PARAMETER,
    NULL,
    chunk,
    of,
    sent_body,
    status_of,
    text,
    write_body,
)

from pyiismod.host._abi import ffi
from pyiismod.host.entity_chunks import TRAILERS

Open = Callable[..., Any]


def headers(x: Any) -> dict[str, str]:
    return dict(x.outgoing.headers)


def violations(x: Any) -> list[str]:
    return [e.method for e in x.timeline.events if e.event == "violation"]


# --- body


def test_buffered_writes_report_0_and_are_copied(exchange: Open) -> None:
    """5.3: *pcbSent is 0 for bytes merely buffered; section 8: the memory is freed right after the call."""
    x = exchange()
    memory = chunk(b"first ")
    assert of(x.response).WriteEntityChunks(memory, 1, 0, 1, NULL, NULL) == 0
    ffi.memmove(memory.FromMemory.pBuffer, b"!!!!!!", 6)
    memory.FromMemory.BufferLength = 1
    assert write_body(of(x.response), b"second", more=0) == (0, 0)
    assert x.outgoing.started is False
    assert sent_body(x) == b"first second"
    assert headers(x)["Content-Length"] == "12"


def test_many_chunks_in_one_call(exchange: Open) -> None:
    x = exchange()
    array = ffi.new("HTTP_DATA_CHUNK[]", 3)
    parts = [ffi.new("char[]", part) for part in (b"a", b"", b"ccc")]
    for entry, part in zip(array, parts, strict=True):
        entry.FromMemory.pBuffer, entry.FromMemory.BufferLength = part, len(part) - 1
    assert of(x.response).WriteEntityChunks(array, 3, 0, 0, NULL, NULL) == 0
    assert sent_body(x) == b"accc"


def test_zero_length_with_null_is_fine_and_length_with_null_is_not(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    assert write_body(native, None) == (0, 0)
    assert write_body(native, None, size=1) == (INVALID_PARAMETER, 0xDEAD)
    assert native.WriteEntityChunks(NULL, 1, 0, 0, NULL, NULL) == INVALID_PARAMETER
    assert native.WriteEntityChunks(NULL, 0, 0, 0, NULL, NULL) == INVALID_PARAMETER
    assert native.WriteEntityChunks(chunk(b"x"), 0, 0, 0, NULL, NULL) == 0
    assert native.WriteEntityChunkByReference(NULL, -1) == INVALID_PARAMETER
    assert native.WriteEntityChunkByReference(chunk(None, 1), -1) == INVALID_PARAMETER
    assert native.WriteEntityChunkByReference(chunk(None), -1) == 0
    assert sent_body(x) == b""


def test_nothing_is_written_when_one_chunk_is_bad(exchange: Open) -> None:
    x = exchange()
    array = ffi.new("HTTP_DATA_CHUNK[]", 2)
    memory = ffi.new("char[]", b"good")
    array[0].FromMemory.pBuffer, array[0].FromMemory.BufferLength = memory, 4
    array[1].FromMemory.BufferLength = 9
    assert of(x.response).WriteEntityChunks(array, 2, 0, 0, NULL, NULL) == INVALID_PARAMETER
    assert sent_body(x) == b""


@pytest.mark.parametrize("kind", [9, 99, -1])
def test_chunks_from_elsewhere_are_refused_by_name(kind: int, exchange: Open) -> None:
    x = exchange()
    data = chunk(None, kind=kind)
    assert of(x.response).WriteEntityChunks(data, 1, 0, 0, NULL, NULL) == E_NOTIMPL
    assert of(x.response).WriteEntityChunkByReference(data, -1) == E_NOTIMPL
    assert x.timeline.refused == ["IHttpResponse::WriteEntityChunks", "IHttpResponse::WriteEntityChunkByReference"]
    assert sent_body(x) == b""


def test_chunks_that_a_module_put_there_itself(exchange: Open) -> None:
    """Nothing that cannot be sent is lost silently, and nothing at NULL is read."""
    x = exchange()
    array = ffi.new("HTTP_DATA_CHUNK[]", 5)
    memory = ffi.new("char[]", b"sent")
    array[0].DataChunkType = 9
    array[3].DataChunkType = array[4].DataChunkType = TRAILERS
    lines = trailer(b"X-Sum", b"7")
    array[3].Trailers.pTrailers, array[3].Trailers.TrailerCount = lines, 1
    array[4].Trailers.TrailerCount = 2
    array[1].FromMemory.BufferLength = 7
    array[2].FromMemory.pBuffer, array[2].FromMemory.BufferLength = memory, 4
    raw = of(x.response).GetRawHttpResponse_mutable()
    raw.pEntityChunks, raw.EntityChunkCount = array, 5
    assert sent_body(x) == b"sent"
    assert x.timeline.refused == ["HTTP_RESPONSE chunk of type 9"]
    assert violations(x) == [
        "chunk 1 of the response claims 7 bytes at NULL: not sent",
        "chunk 4 of the response has trailers without names or values: not sent",
    ]
    assert x.response.trailers == {b"x-sum": b"7"}


def trailer(name: bytes, value: bytes) -> Any:
    """Return a HTTP_UNKNOWN_HEADER * of the module's."""
    line = ffi.new("HTTP_UNKNOWN_HEADER *")
    _kept[line] = line.pName, line.pRawValue = ffi.new("char[]", name), ffi.new("char[]", value)
    line.NameLength, line.RawValueLength = len(name), len(value)
    return line


_kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


@pytest.mark.parametrize("is_by_reference", [False, True])
def test_trailers_as_chunks(is_by_reference: bool, exchange: Open) -> None:
    """5.3, chunk type 4: kept as those of SetTrailer; nothing of them is body."""
    x = exchange()
    response = of(x.response)
    write_body(response, b"body")
    piece, line = chunk(None, kind=TRAILERS), trailer(b"X-Sum", b"42")
    piece.Trailers.pTrailers, piece.Trailers.TrailerCount = line, 1
    write = response.WriteEntityChunkByReference if is_by_reference else response.WriteEntityChunks
    arguments = (piece, -1) if is_by_reference else (piece, 1, 0, 1, ffi.new("DWORD *"), NULL)
    assert write(*arguments) == 0
    assert ffi.string(response.GetTrailer(text(b"x-sum"), NULL)) == b"42"
    line.NameLength = 0
    assert write(*arguments) == INVALID_PARAMETER
    piece.Trailers.pTrailers = NULL
    assert write(*arguments) == INVALID_PARAMETER
    assert (sent_body(x), x.timeline.refused) == (b"body", [])


def test_a_count_without_chunks(exchange: Open) -> None:
    x = exchange()
    of(x.response).GetRawHttpResponse_mutable().EntityChunkCount = 3
    assert write_body(of(x.response), b"mine")[0] == 0
    assert sent_body(x) == b"mine"


def test_the_limit_of_chunks(exchange: Open) -> None:
    """5.3: ASP.NET Core stays at 65534, because 65535 fails in practice."""
    x = exchange()
    native = of(x.response)
    array = ffi.new("HTTP_DATA_CHUNK[]", 65534)
    assert native.WriteEntityChunks(array, 65535, 0, 1, NULL, NULL) == ARITHMETIC_OVERFLOW
    assert native.WriteEntityChunks(array, 0xFFFFFFFF, 0, 1, NULL, NULL) == ARITHMETIC_OVERFLOW
    assert native.WriteEntityChunks(array, 65533, 0, 1, NULL, NULL) == 0
    assert write_body(native, b"x")[0] == 0
    assert write_body(native, b"y")[0] == ARITHMETIC_OVERFLOW
    assert native.WriteEntityChunkByReference(chunk(b"z"), 0) == ARITHMETIC_OVERFLOW
    assert native.GetRawHttpResponse_mutable().EntityChunkCount == 65534
    assert sent_body(x) == b"x"


def test_many_small_writes_stay_cheap(exchange: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of the buffer is counted, not summed up again at each write."""
    x = exchange()
    native, one = of(x.response), chunk(b"x")
    for _ in range(3000):
        native.WriteEntityChunks(one, 1, 0, 1, NULL, NULL)
    assert x.response.chunks.copied == 3000
    assert sent_body(x) == b"x" * 3000


def test_over_the_buffer_limit_it_is_sent(exchange: Open) -> None:
    """3.2: the buffer over responseBufferLimit is sent, headers first, and more follows."""
    x = exchange(settings={"response_buffer_limit": 10})
    native = of(x.response)
    assert write_body(native, b"0123456789") == (0, 0)
    assert write_body(native, b"a", more=0) == (0, 11)
    assert headers(x)["Transfer-Encoding"] == "chunked"
    assert write_body(native, b"b") == (0, 0)
    assert x.outgoing.ended is False
    assert sent_body(x) == b"0123456789ab"


def test_without_buffering_each_write_is_sent(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    native.DisableBuffering()
    assert write_body(native, b"one") == (0, 3)
    assert x.outgoing.body == [b"one"]
    assert write_body(native, b"two", more=0) == (0, 3)
    assert x.outgoing.ended is True
    assert sent_body(x) == b"onetwo"


def test_async_writes_end_inline(exchange: Open) -> None:
    """5.3: a buffered write completes at once even with fAsync TRUE; no completion follows."""
    x = exchange()
    expected = ffi.new("BOOL *", 7)
    assert of(x.response).WriteEntityChunks(chunk(b"a"), 1, 1, 1, NULL, expected) == 0
    assert expected[0] == 0
    assert sent_body(x) == b"a"


# --- flush and end


def test_flush(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    write_body(native, b"early")
    sent = ffi.new("DWORD *", 0xDEAD)
    assert native.Flush(0, 1, sent, NULL) == 0
    assert (sent[0], x.outgoing.started, x.outgoing.ended) == (5, True, False)
    write_body(native, b" late")
    assert native.Flush(0, 0, sent, NULL) == 0
    assert (sent[0], x.outgoing.ended) == (5, True)
    assert native.Flush(0, 0, sent, NULL) == 0
    assert sent[0] == 0
    assert sent_body(x) == b"early late"


def test_changes_after_the_headers_were_sent_are_findings(exchange: Open) -> None:
    """5.3: accepted silently, no effect; section 6, item 16."""
    x = exchange()
    native = of(x.response)
    native.Flush(0, 1, NULL, NULL)
    assert native.SetStatus(500, text(b"Late"), 0, 0, NULL, 0) == 0
    assert native.SetHeader_name(text(b"X-Late"), text(b"v"), 1, 1) == 0
    assert native.SetHeader_id(12, text(b"v"), 1, 1) == 0
    assert native.DeleteHeader_name(text(b"Server")) == 0
    assert native.DeleteHeader_id(12) == 0
    native.SuppressHeaders()
    assert native.Redirect(text(b"/x"), 1, 0) == 0
    x.finish()
    assert x.outgoing.status == 200
    assert "X-Late" not in headers(x)
    methods = [v.split("::")[1].split()[0] for v in violations(x)]
    expected = ["SetStatus", "SetHeader", "SetHeader", "DeleteHeader", "DeleteHeader", "SuppressHeaders", "Redirect"]
    assert methods == expected
    assert all("after the headers were sent" in v for v in violations(x))


def test_writes_after_the_end_are_findings(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    native.Flush(0, 0, NULL, NULL)
    assert write_body(native, b"lost")[0] == 0
    assert native.WriteEntityChunkByReference(chunk(b"lost"), -1) == 0
    assert sent_body(x) == b""
    assert [v.split()[0] for v in violations(x)] == [
        "IHttpResponse::WriteEntityChunks",
        "IHttpResponse::WriteEntityChunkByReference",
    ]


def test_clear_resets_what_was_not_sent(exchange: Open) -> None:
    """Clear: headers, body and status to their defaults; no effect on what was sent."""
    x = exchange()
    native = of(x.response)
    native.SetStatus(404, text(b"Gone"), 5, -1, NULL, 1)
    native.SetHeader_name(text(b"X-A"), text(b"1"), 1, 1)
    write_body(native, b"old")
    native.Clear()
    assert status_of(native) == (200, 0, b"OK", 2, 0, None, 0, 0)
    assert native.GetHeader_name(text(b"X-A"), NULL) == NULL
    write_body(native, b"sent ")
    native.Flush(0, 1, NULL, NULL)
    write_body(native, b"old")
    native.Clear()
    write_body(native, b"new")
    assert sent_body(x) == b"sent new"
    assert violations(x) == []


def test_clear_headers_leaves_body_and_status(exchange: Open) -> None:
    x = exchange()
    native = of(x.response)
    native.SetStatus(404, text(b"Gone"), 0, 0, NULL, 0)
    native.SetHeader_name(text(b"X-A"), text(b"1"), 1, 1)
    write_body(native, b"body")
    native.ClearHeaders()
    assert sent_body(x) == b"body"
    assert (x.outgoing.status, "X-A" in headers(x), headers(x)["Server"]) == (404, False, "Microsoft-IIS/10.0")


# --- the wire


@pytest.mark.parametrize(
    ("code", "method", "sends", "framed"),
    [
        (200, "GET", True, True),
        (200, "HEAD", False, True),
        (204, "GET", False, False),
        (304, "GET", False, False),
        (404, "GET", True, True),
        (101, "GET", False, False),
        (0, "GET", False, False),
        (65535, "GET", True, True),
    ],
)
def test_framing(code: int, method: str, sends: bool, framed: bool, exchange: Open) -> None:
    """HEAD: the handler writes, IIS computes Content-Length and sends no body."""
    x = exchange(method)
    of(x.response).SetStatus(code, text(b"R"), 0, 0, NULL, 0)
    write_body(of(x.response), b"body")
    assert sent_body(x) == (b"body" if sends else b"")
    assert headers(x).get("Content-Length") == ("4" if framed else None)
    assert headers(x)["Date"].endswith(" GMT")


def test_a_modules_own_framing_is_left_alone(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetHeader_id(11, text(b"99"), 2, 1)
    of(x.response).SetHeader_name(text(b"date"), text(b"today"), 5, 1)
    write_body(of(x.response), b"body")
    x.finish()
    assert [v for n, v in x.outgoing.headers if n.lower() == "content-length"] == ["99"]
    assert [v for n, v in x.outgoing.headers if n.lower() == "date"] == ["today"]
