"""The body of a request as it arrives: what is there, what is awaited, and a client that goes away (fact sheet 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    HANDLE_EOF,
    NULL,
    PENDING,
    Host,
    Native,
    hr,
    of,
    raw_of,
    read_body,
    request_of,
    write_body,
)

from pyiismod.abi.completion import IHttpCompletionInfo2
from pyiismod.host._abi import ffi
from pyiismod.host.incoming import Incoming
from pyiismod.host.trace import Timeline
from pyiismod.host.url import Url

Open = Callable[..., Any]

CONNECTION_INVALID = hr(1229)
CHUNKED = [("Transfer-Encoding", "chunked")]
UNKNOWN = 0xFFFFFFFF


class Pieces:
    """What a client still sends."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read(self, is_wanted: Any = None) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def length(size: int) -> list[tuple[str, str]]:
    return [("Content-Length", str(size))]


def read_all(native: Native, size: int = 100) -> list[bytes | int]:
    """Return what each read gave, the last one with its HRESULT."""
    found: list[bytes | int] = []
    while True:
        result, data, _ = read_body(native, size)
        found.append(data if result == 0 else result)
        if result != 0:
            return found


# --- what is awaited


def test_a_body_that_comes_in_pieces(exchange: Open) -> None:
    native = of(exchange("POST", headers=length(9), body=b"abc", rest=Pieces(b"defg", b"hi")).request)
    assert raw_of(native).EntityChunkCount == 1
    assert raw_of(native).Flags & 1
    assert native.GetRemainingEntityBytes() == 9
    assert read_body(native, 2) == (0, b"ab", 0)
    assert native.GetRemainingEntityBytes() == 7
    assert read_all(native, 3) == [b"c", b"def", b"g", b"hi", HANDLE_EOF]
    assert native.GetRemainingEntityBytes() == 0


def test_a_chunked_body_has_more_until_its_end_was_read(exchange: Open) -> None:
    """5.2: for chunked uploads the number is not the true length; code only tests whether it is over 0."""
    native = of(exchange("POST", headers=CHUNKED, body=b"abc", rest=Pieces(b"def")).request)
    assert [native.GetRemainingEntityBytes(), read_body(native, 9)[1]] == [UNKNOWN, b"abc"]
    assert [native.GetRemainingEntityBytes(), read_body(native, 9)[1]] == [UNKNOWN, b"def"]
    assert native.GetRemainingEntityBytes() == UNKNOWN
    assert read_body(native, 9) == (HANDLE_EOF, b"", 0)
    assert native.GetRemainingEntityBytes() == 0


def test_a_chunked_body_that_is_all_there(exchange: Open) -> None:
    native = of(exchange("POST", headers=CHUNKED, body=b"abc").request)
    assert native.GetRemainingEntityBytes() == UNKNOWN
    assert read_all(native) == [b"abc", HANDLE_EOF]
    assert native.GetRemainingEntityBytes() == 0


def test_only_what_content_length_promises_belongs_to_the_request(exchange: Open) -> None:
    assert read_all(of(exchange("POST", headers=length(4), body=b"abcdef").request)) == [b"abcd", HANDLE_EOF]
    x = exchange("POST", headers=length(4), body=b"ab", rest=Pieces(b"cdef"))
    assert read_all(of(x.request)) == [b"ab", b"cd", HANDLE_EOF]
    assert x.outgoing.aborted is False


def test_what_was_put_back_comes_before_what_is_awaited(exchange: Open) -> None:
    native = of(exchange("POST", headers=CHUNKED, rest=Pieces(b"def", b"ghi")).request)
    memory = ffi.new("char[]", b"abc")
    assert read_body(native, 2) == (0, b"de", 0)
    native.InsertEntityBody(memory, 3)
    assert read_all(native) == [b"abc", b"f", b"ghi", HANDLE_EOF]


def test_reading_does_not_keep_what_was_read(exchange: Open) -> None:
    x = exchange("POST", headers=CHUNKED, rest=Pieces(*[b"x" * 100_000] * 20))
    assert x.request.raw  # made with its memory
    before = x.pool.used
    assert sum(len(data) for data in read_all(of(x.request), 60_000) if isinstance(data, bytes)) == 2_000_000
    assert x.pool.used == before


@pytest.mark.parametrize("seed", [0, 1, 99])
def test_short_reads(seed: int, exchange: Open) -> None:
    """Section 6, 12: reads of varying length; the same seed gives the same sizes."""
    body = bytes(range(200))

    def sizes() -> list[int]:
        found = read_all(of(exchange("POST", body=body, short_reads=seed).request), 50)
        assert b"".join(data for data in found if isinstance(data, bytes)) == body
        return [len(data) for data in found if isinstance(data, bytes)]

    first = sizes()
    assert first == sizes()
    assert len(set(first)) > 3
    assert 1 <= min(first) <= max(first) <= 50


# --- a client that goes away


@pytest.mark.parametrize(
    ("request_", "before"),
    [
        ({"headers": length(10), "body": b"abc"}, [b"abc"]),
        ({"headers": length(10), "body": b"abc", "rest": Pieces(b"de")}, [b"abc", b"de"]),
        ({"headers": length(6), "body": b"abcdef", "disconnect_after": 4}, [b"abcd"]),
        ({"headers": length(6), "body": b"abcdef", "disconnect_after": 0}, []),
        (
            {"headers": length(9), "body": b"ab", "rest": Pieces(b"cdef", b"ghi"), "disconnect_after": 5},
            [b"ab", b"cde"],
        ),
        ({"headers": length(9), "body": b"ab", "disconnect_after": 5}, [b"ab"]),
        ({"headers": CHUNKED, "body": b"ab", "rest": Pieces(b"cdef"), "disconnect_after": 3}, [b"ab", b"c"]),
        ({"headers": CHUNKED, "body": b"abc", "disconnect_after": 2}, [b"ab"]),
    ],
)
def test_a_client_that_goes_away(request_: dict[str, Any], before: list[bytes], exchange: Open) -> None:
    """5.2: the read fails with ERROR_CONNECTION_INVALID; 5.3: writes fail as well from then on."""
    x = exchange("POST", **request_)
    assert read_all(of(x.request)) == [*before, CONNECTION_INVALID]
    assert read_body(of(x.request), 9)[0] == CONNECTION_INVALID
    assert of(x.request).GetRemainingEntityBytes() > 0
    assert write_body(of(x.response), b"too late")[0] == CONNECTION_INVALID
    assert of(x.response).Flush(0, 1, NULL, NULL) == CONNECTION_INVALID
    x.finish()
    assert (x.outgoing.connection, x.outgoing.status, x.outgoing.body) == ("reset", 0, [])


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": length(3), "body": b"abc", "disconnect_after": 3},
        {"headers": CHUNKED, "body": b"abc", "disconnect_after": 3},
        {"headers": CHUNKED, "body": b"a", "rest": Pieces(b"bc"), "disconnect_after": 4},
    ],
)
def test_a_client_that_would_go_away_after_the_end(request_: dict[str, Any], exchange: Open) -> None:
    x = exchange("POST", **request_)
    assert read_all(of(x.request))[-1] == HANDLE_EOF
    assert x.outgoing.aborted is False


def test_contexts_of_the_connection_hear_that_the_client_has_gone(host: Host) -> None:
    x = host.open("POST", body=b"abc", disconnect_after=1)
    connection = x.around.connection
    assert connection.IsConnected() == 1
    read_all(of(x.request))
    assert (connection.IsConnected(), connection.is_open) == (0, False)
    x._end()


# --- 100 Continue


def test_the_first_read_invites_the_body(exchange: Open) -> None:
    expecting = [("Expect", "100-Continue"), *length(3)]
    x = exchange("POST", headers=expecting, body=b"abc")
    assert raw_of(of(x.request)).EntityChunkCount == 0
    assert raw_of(of(x.request)).Flags & 1
    assert x.outgoing.interim == []
    assert read_all(of(x.request), 2) == [b"ab", b"c", HANDLE_EOF]
    assert x.outgoing.interim == [100]


def test_no_invitation(exchange: Open) -> None:
    """Not without the wish, not for nobody who reads, not behind the response."""
    x = exchange("POST", headers=length(3), body=b"abc")
    read_all(of(x.request))
    y = exchange("POST", headers=[("Expect", "100-continue")], body=b"abc")
    y.finish()
    z = exchange("POST", headers=[("Expect", "100-continue")], body=b"abc")
    of(z.response).Flush(0, 1, NULL, NULL)
    read_all(of(z.request))
    assert [each.outgoing.interim for each in (x, y, z)] == [[], [], []]


# --- asynchronous reads


class Late:
    """Sends when it is told to."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.go = Event()

    def read(self, is_wanted: Any = None) -> bytes:
        assert self.go.wait(10)
        return self.pieces.pop(0) if self.pieces else b""


@pytest.mark.parametrize("schedule", ["threaded", "early", 3])
@pytest.mark.parametrize(("sent", "result"), [(b"late", (4, 0, b"late")), (b"", (0, HANDLE_EOF, b""))])
@pytest.mark.usefixtures("threads_anywhere")
def test_an_asynchronous_read_does_not_wait(schedule: str | int, sent: bytes, result: Any, host: Host) -> None:
    """2.4: it returns before anything has come; the completion says what came, or that this was the end."""
    client, notes = Late(sent), []
    buffer, got, pending = ffi.new("char[10]"), ffi.new("DWORD *", 7), ffi.new("BOOL *", 7)

    @ffi.callback("PFN_ASYNC_COMPLETION")  # type: ignore[untyped-decorator]
    def completed(context: Any, info: Any, argument: Any) -> int:
        read = Native(info, IHttpCompletionInfo2)
        notes.append((read.GetCompletionBytes(), read.GetCompletionStatus(), ffi.string(buffer)))
        return FINISH

    def begin(context: Native, provider: Native) -> int:
        notes.append(request_of(context).ReadEntityBody_callback(buffer, 10, 1, completed, NULL, got, pending))
        notes.append((got[0], pending[0]))
        client.go.set()
        return PENDING

    host.load("a", {"OnBeginRequest": begin})
    fire(host, schedule, client)
    assert notes == [0, (0, 1), result]
    assert host.violations == []


def test_an_asynchronous_read_in_an_inline_schedule_waits(host: Host) -> None:
    client, notes = Late(b"late"), []
    client.go.set()
    buffer, got, pending = ffi.new("char[10]"), ffi.new("DWORD *", 7), ffi.new("BOOL *", 7)

    def begin(context: Native, provider: Native) -> int:
        notes.append(request_of(context).ReadEntityBody(buffer, 10, 1, got, pending))
        notes.append((got[0], pending[0], ffi.string(buffer)))
        return CONTINUE

    host.load("a", {"OnBeginRequest": begin})
    fire(host, "inline", client)
    assert notes == [0, (4, 0, b"late")]


def fire(host: Host, schedule: str | int, client: Late) -> None:
    host.timeline = Timeline(host.iis.box, host.iis.timeline)
    incoming = Incoming("POST", Url("http", "localhost", "/"), CHUNKED, rest=client)
    host.iis.fire(incoming, host.timeline, schedule)
