"""The body of a response: chunk types, when it leaves and how it is framed (fact sheet 5.3); error pages (3.2)."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    chunk,
    hr,
    of,
    response_of,
    sent_body,
    text,
    wide,
    write_body,
)

from pyiismod.host import handles
from pyiismod.host._abi import ffi

Open = Callable[..., Any]

INVALID_HANDLE, CONNECTION_INVALID = hr(6), hr(1229)
TO_END = 0xFFFFFFFFFFFFFFFF


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Callable[[bytes], Any]]:
    """Open files with given content, by handle."""
    opened: list[Any] = []

    def make(data: bytes) -> Any:
        path = tmp_path / f"{len(opened)}"
        path.write_bytes(data)
        opened.append(handles.open_file(str(path)))
        return opened[-1]

    yield make
    for handle in opened:
        try:
            handles.close(handle)
        except OSError:
            continue  # the test has closed it


def from_file(handle: Any, start: int = 0, size: int = TO_END) -> Any:
    made = ffi.new("HTTP_DATA_CHUNK *")
    made.DataChunkType = 1
    made.FromFileHandle.ByteRange.StartingOffset.QuadPart = start
    made.FromFileHandle.ByteRange.Length.QuadPart = size
    made.FromFileHandle.FileHandle = handle
    return made


def open_files() -> int:
    gc.collect()  # what earlier tests have left closes now, not in between
    if sys.platform != "win32":
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    is_handle, flags = ctypes.windll.kernel32.GetHandleInformation, ctypes.c_ulong()
    return sum(bool(is_handle(ctypes.c_void_p(value), ctypes.byref(flags))) for value in range(4, 8000, 4))


def violations(x: Any) -> list[str]:
    return [e.method for e in x.timeline.events if e.event == "violation"]


def headers(x: Any) -> dict[str, str]:
    return dict(x.outgoing.headers)


def write(x: Any, made: Any) -> int:
    return int(of(x.response).WriteEntityChunks(made, 1, 0, 1, NULL, NULL))


# --- from files


@pytest.mark.parametrize(
    ("start", "size", "expected"),
    [(0, TO_END, b"0123456789"), (0, 10, b"0123456789"), (3, 4, b"3456"), (7, TO_END, b"789"), (9, 1, b"9")],
)
def test_ranges_of_a_file(start: int, size: int, expected: bytes, exchange: Open, file: Any) -> None:
    x = exchange()
    assert write(x, from_file(file(b"0123456789"), start, size)) == 0
    assert write_body(of(x.response), b"!")[0] == 0
    assert sent_body(x) == expected + b"!"
    assert headers(x)["Content-Length"] == str(len(expected) + 1)
    assert violations(x) == []


@pytest.mark.parametrize(("start", "size"), [(0, 11), (5, 6), (10, 1), (11, 1), (2**63, 1), (TO_END, 2**62)])
def test_a_range_that_the_file_does_not_have(start: int, size: int, exchange: Open, file: Any) -> None:
    """What is there is sent, Content-Length says how much that is, and the claim is a finding."""
    x = exchange()
    write(x, from_file(file(b"0123456789"), start, size))
    assert sent_body(x) == b"0123456789"[min(start, 10) :]
    assert headers(x)["Content-Length"] == str(max(0, 10 - start))
    assert violations(x) == [
        f"chunk 0 of the response claims {size} bytes at {start} of a file that has {max(0, 10 - start)} there"
    ]


def test_an_empty_rest_of_a_file(exchange: Open, file: Any) -> None:
    x = exchange()
    write(x, from_file(file(b"0123456789"), 10, TO_END))
    write(x, from_file(file(b""), 0, TO_END))
    assert (sent_body(x), headers(x)["Content-Length"], violations(x)) == (b"", "0", [])


def test_a_buffered_handle_is_duplicated_and_read_when_it_is_sent(exchange: Open, file: Any, tmp_path: Path) -> None:
    """5.3: Marlin closes its handle right after a buffered write and works."""
    x, handle = exchange(), file(b"before")
    list(handles.read(handle, 0, 1))  # a thread's first read makes what it waits for
    before = open_files()
    assert write(x, from_file(handle)) == 0
    handles.close(handle)
    (tmp_path / "0").write_bytes(b"after!")
    assert sent_body(x) == b"after!"
    assert open_files() == before - 1


@pytest.mark.parametrize("how", ["never sent", "Clear", "head", "aborted"])
def test_a_duplicate_never_stays_open(how: str, host: Host, file: Any) -> None:
    handle = file(b"data")
    before = open_files()

    def begin(context: Native, provider: Native) -> int:
        response = response_of(context)
        response.WriteEntityChunks(from_file(handle), 1, 0, 1, NULL, NULL)
        if how == "Clear":
            response.Clear()
        if how == "aborted":
            response.ResetConnection()
        return FINISH

    host.load("a", {"OnBeginRequest": begin})
    if how == "never sent":
        x = host.open()
        write(x, from_file(handle))
        x._end()
    else:
        host.fire("HEAD" if how == "head" else "GET")
    assert open_files() == before


def test_a_handle_by_reference_is_the_modules_own(exchange: Open, file: Any) -> None:
    """No copy: it has to be open until the response is out."""
    x, handle = exchange(), file(b"data")
    assert of(x.response).WriteEntityChunkByReference(from_file(handle), -1) == 0
    handles.close(handle)
    assert sent_body(x) == b""
    assert violations(x) == ["chunk 0 of the response has a handle that is no open file: not sent"]


@pytest.mark.parametrize("handle", [0, -1])
def test_no_handle_at_all(handle: int, exchange: Open) -> None:
    x = exchange()
    made = from_file(ffi.cast("HANDLE", handle))
    assert write(x, made) == INVALID_PARAMETER
    assert of(x.response).WriteEntityChunkByReference(made, -1) == INVALID_PARAMETER
    assert sent_body(x) == b""


def test_a_handle_that_is_not_open_keeps_the_whole_call_from_writing(exchange: Open, file: Any) -> None:
    x, handle = exchange(), file(b"data")
    array = ffi.new("HTTP_DATA_CHUNK[]", 2)
    array[0], array[1] = from_file(handle)[0], from_file(ffi.cast("HANDLE", 9999))[0]
    assert of(x.response).WriteEntityChunks(array, 2, 0, 0, NULL, NULL) == INVALID_HANDLE
    assert sent_body(x) == b""


def test_a_big_file_leaves_in_pieces_and_only_in_pieces(exchange: Open, file: Any) -> None:
    x, data = exchange(), os.urandom(1_000_003)
    write(x, from_file(file(data), 1))
    assert sent_body(x) == data[1:]
    assert max(map(len, x.outgoing.body)) <= 256 * 1024


# --- fragments


_names: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # what a chunk points to lives as long as it does


def fragment(name: str, *, ex: bool, start: int = 0, size: int = TO_END) -> Any:
    made = ffi.new("HTTP_DATA_CHUNK *")
    _names[made] = pointer = wide(name if ex else name + "and more")
    made.DataChunkType = 3 if ex else 2
    if ex:
        made.FromFragmentCacheEx.pFragmentName = pointer
        made.FromFragmentCacheEx.ByteRange.StartingOffset.QuadPart = start
        made.FromFragmentCacheEx.ByteRange.Length.QuadPart = size
    else:
        made.FromFragmentCache.pFragmentName = pointer
        made.FromFragmentCache.FragmentNameLength = 2 * len(name)
    return made


@pytest.mark.parametrize("ex", [False, True])
def test_a_fragment_is_sent_by_name(ex: bool, host: Host, exchange: Open) -> None:
    x = exchange()
    host.iis.process.fragments.add("café", b"cached")
    made = fragment("café", ex=ex)
    assert write(x, made) == 0
    ffi.memmove(made, ffi.new("HTTP_DATA_CHUNK *"), ffi.sizeof("HTTP_DATA_CHUNK"))
    host.iis.process.fragments.add("café", b"newer")
    assert sent_body(x) == b"newer"


def test_a_range_of_a_fragment(host: Host, exchange: Open) -> None:
    x = exchange()
    host.iis.process.fragments.add("f", b"0123456789")
    for start, size in ((2, 3), (8, TO_END), (8, 100), (10, 1)):
        write(x, fragment("f", ex=True, start=start, size=size))
    assert sent_body(x) == b"2348989"


@pytest.mark.parametrize("ex", [False, True])
def test_a_fragment_that_is_not_there(ex: bool, exchange: Open) -> None:
    x = exchange()
    assert write(x, fragment("gone", ex=ex)) == 0
    write_body(of(x.response), b"rest")
    assert sent_body(x) == b"rest"
    assert violations(x) == ["chunk 0 of the response names a fragment that is not in the cache: not sent"]


# --- memory


def test_a_stream_does_not_grow(exchange: Open) -> None:
    """What was sent is gone: the request's own memory does not keep it."""
    x = exchange()
    of(x.response).DisableBuffering()
    data = b"x" * 100_000
    write_body(of(x.response), data)
    used = x.pool.used
    for _ in range(50):
        write_body(of(x.response), data)
    assert x.pool.used - used < 1000
    x.finish()
    assert x.outgoing.size == 51 * len(data)


def test_a_full_buffer_is_counted_anew_after_it_was_dropped() -> None:
    host = Host(response_buffer_limit=100)
    x = host.open()
    write_body(of(x.response), b"x" * 90)
    of(x.response).GetRawHttpResponse_mutable().EntityChunkCount = 0
    assert write_body(of(x.response), b"y" * 90) == (0, 0)
    assert not x.outgoing.started
    assert sent_body(x) == b"y" * 90


# --- framing


def order(x: Any) -> list[str]:
    return [name for name, _ in x.outgoing.headers]


def test_the_order_of_the_lines(exchange: Open) -> None:
    """Known headers by id, then the others as they were added, then Date, Connection and Content-Length."""
    x = exchange()
    for name in (b"X-Last", b"ETag", b"Content-Type", b"X-Very-Last", b"Cache-Control"):
        of(x.response).SetHeader_name(text(name), text(b"v"), 1, 1)
    of(x.response).SetNeedDisconnect()
    x.finish()
    known = ["Cache-Control", "Content-Type", "ETag"]
    assert order(x) == [*known, "Server", "X-Last", "X-Very-Last", "Date", "Connection", "Content-Length"]


def test_chunked_stands_among_the_known(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetHeader_name(text(b"Content-Type"), text(b"v"), 1, 1)
    of(x.response).Flush(0, 1, NULL, NULL)
    assert order(x) == ["Transfer-Encoding", "Content-Type", "Server", "Date"]
    x.finish()
    assert x.outgoing.connection == "keep-alive"


@pytest.mark.parametrize(
    ("version", "wish", "more", "framing", "connection"),
    [
        ((1, 1), None, False, {"Content-Length": "4"}, "keep-alive"),
        ((1, 1), None, True, {"Transfer-Encoding": "chunked"}, "keep-alive"),
        ((1, 1), "close", False, {"Content-Length": "4", "Connection": "close"}, "close"),
        ((1, 1), "Close, TE", True, {"Transfer-Encoding": "chunked", "Connection": "close"}, "close"),
        ((1, 0), None, False, {"Content-Length": "4", "Connection": "close"}, "close"),
        ((1, 0), None, True, {"Connection": "close"}, "close"),
        ((1, 0), "Keep-Alive", False, {"Content-Length": "4", "Connection": "keep-alive"}, "keep-alive"),
        ((1, 0), "Keep-Alive", True, {"Connection": "close"}, "close"),
    ],
)
def test_framing_by_version(
    version: tuple[int, int], wish: str | None, more: bool, framing: Any, connection: str, exchange: Open
) -> None:
    x = exchange(version=version, headers=[("Connection", wish)] if wish else [])
    write_body(of(x.response), b"body")
    if more:
        of(x.response).Flush(0, 1, NULL, NULL)
    assert sent_body(x) == b"body"
    names = ("Content-Length", "Transfer-Encoding", "Connection")
    assert {name: value for name, value in x.outgoing.headers if name in names} == framing
    assert x.outgoing.connection == connection


def test_a_modules_own_connection_close(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetHeader_name(text(b"Connection"), text(b"close"), 5, 1)
    x.finish()
    assert (headers(x)["Connection"], x.outgoing.connection) == ("close", "close")


def test_a_disconnect_after_the_headers(exchange: Open) -> None:
    x = exchange()
    of(x.response).Flush(0, 1, NULL, NULL)
    of(x.response).SetNeedDisconnect()
    x.finish()
    assert ("Connection" in headers(x), x.outgoing.connection) == (False, "close")


def test_without_headers_only_the_end_of_the_connection_ends_the_body(exchange: Open) -> None:
    x = exchange()
    of(x.response).SuppressHeaders()
    write_body(of(x.response), b"raw")
    assert sent_body(x) == b"raw"
    assert (x.outgoing.status, x.outgoing.headers, x.outgoing.connection) == (0, [], "close")


def test_the_known_connection_header_of_a_101(exchange: Open) -> None:
    """5.3: http.sys ignores it."""
    x = exchange()
    of(x.response).SetStatus(101, text(b"Switching Protocols"), 0, 0, NULL, 0)
    of(x.response).SetHeader_name(text(b"Connection"), text(b"Upgrade"), 7, 1)
    x.finish()
    assert "Connection" not in headers(x)


@pytest.mark.parametrize(("flag", "connection", "body"), [(0x1, "close", b""), (0x40, "keep-alive", b"raw")])
def test_flags_of_a_send(flag: int, connection: str, body: bytes, host: Host) -> None:
    """3.2: DISCONNECT closes; OPAQUE lets a body follow a 101."""

    def begin(context: Native, provider: Native) -> int:
        response_of(context).SetStatus(101, text(b"Switching Protocols"), 0, 0, NULL, 0)
        response_of(context).Flush(0, 1, NULL, NULL)
        write_body(response_of(context), b"raw")
        return FINISH

    def send(context: Native, provider: Native) -> int:
        provider.SetFlags(provider.GetFlags() | flag)
        return CONTINUE

    host.load("a", {"OnBeginRequest": begin, "OnSendResponse": send})
    outgoing = host.fire()
    assert (b"".join(outgoing.body), outgoing.connection) == (body, connection)


@pytest.mark.parametrize(("promised", "closes"), [("4", False), ("3", True), ("5", True), ("x", False)])
def test_a_content_length_that_is_not_the_bodys(promised: str, closes: bool, exchange: Open) -> None:
    """Section 6, 17: Content-Length wrong after the body was changed."""
    x = exchange()
    of(x.response).SetHeader_id(11, text(promised.encode()), len(promised), 1)
    write_body(of(x.response), b"body")
    assert sent_body(x) == b"body"
    expected = [f"the response says Content-Length: {promised} and has 4 bytes of body"] if closes else []
    assert violations(x) == expected
    assert x.outgoing.connection == ("close" if closes else "keep-alive")


@pytest.mark.parametrize("slot", ["ResetConnection", "CloseConnection"])
def test_a_reset(slot: str, exchange: Open) -> None:
    x = exchange()
    write_body(of(x.response), b"body")
    getattr(of(x.response), slot)()
    assert x.outgoing.connection == "reset"
    assert of(x.response).Flush(0, 1, NULL, NULL) == CONNECTION_INVALID


# --- a client that takes it at once


class Leaving:
    """Takes so many pieces and goes."""

    left: Callable[[], None] | None = None

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.heads: list[int] = []
        self.got: list[bytes] = []

    def begin(self, answer: Any) -> None:
        self.heads.append(answer.status)

    def receive(self, data: memoryview, is_wanted: Any = None) -> bool:
        self.patience -= 1
        self.got.append(bytes(data))
        return self.patience > 0

    def wake(self) -> None:
        pass


def test_a_client_that_leaves(exchange: Open) -> None:
    """5.3: client gone: writes fail with 0x800704CD."""
    client = Leaving(2)
    x = exchange(client=client)
    response = of(x.response)
    response.DisableBuffering()
    results = [write_body(response, data)[0] for data in (b"one", b"two", b"three")]
    assert results == [0, CONNECTION_INVALID, CONNECTION_INVALID]
    x.finish()
    assert (client.heads, client.got, x.outgoing.connection) == ([200], [b"one", b"two"], "reset")
    assert x.outgoing.body == []


# --- error pages


def failing(host: Host, code: int, *, sub: int = 0, error: int = 0, skip: int = 0, description: str = "") -> None:
    def begin(context: Native, provider: Native) -> int:
        response_of(context).SetStatus(code, text(b"No <b>"), sub, error, NULL, skip)
        if description:
            response_of(context).SetErrorDescription(wide(description), len(description), 1)
        return FINISH

    host.load("Failing", {"OnBeginRequest": begin})


def test_an_error_without_a_body_gets_one(host: Host) -> None:
    failing(host, 403, sub=14, error=hr(5), description="a < b")
    outgoing = host.fire()
    page = b"".join(outgoing.body).decode()
    assert dict(outgoing.headers)["Content-Type"] == "text/html"
    assert dict(outgoing.headers)["Content-Length"] == str(len(page))
    assert "<title>403.14 - No &lt;b&gt;</title>" in page
    details = ("a &lt; b", "Error: E_ACCESSDENIED", "Module: Failing", "Notification: RQ_BEGIN_REQUEST")
    assert [line for line in details if f"<p>{line}</p>" in page] == list(details)


@pytest.mark.parametrize(
    ("mode", "client", "detailed"),
    [
        ("DetailedLocalOnly", "127.0.0.9", True),
        ("DetailedLocalOnly", "::1", True),
        ("DetailedLocalOnly", "192.0.2.1", False),
        ("Detailed", "192.0.2.1", True),
        ("Custom", "127.0.0.1", False),
    ],
)
def test_who_sees_details(mode: str, client: str, detailed: bool) -> None:
    host = Host(error_mode=mode)
    failing(host, 500, sub=13, description="secret")
    page = b"".join(host.fire(remote=(client, 1)).body)
    assert (b"secret" in page, b"500.13" in page) == (detailed, detailed)
    assert b"<h1>500" in page


def test_an_unknown_error_mode() -> None:
    with pytest.raises(ValueError, match="unknown error_mode 'None'"):
        Host(error_mode="None")


@pytest.mark.parametrize("why", ["skip", "a status below 400", "a body", "a flush", "no headers"])
def test_no_error_page(why: str, host: Host) -> None:
    def begin(context: Native, provider: Native) -> int:
        response = response_of(context)
        response.SetStatus(399 if "400" in why else 404, text(b""), 0, 0, NULL, int(why == "skip"))
        if why == "a body":
            write_body(response, b"own")
        if why == "a flush":
            response.Flush(0, 1, NULL, NULL)
        if why == "no headers":
            response.SuppressHeaders()
        return FINISH

    host.load("a", {"OnBeginRequest": begin})
    assert b"".join(host.fire().body) == (b"own" if why == "a body" else b"")


def test_an_error_page_for_head_is_counted_and_not_sent(host: Host) -> None:
    failing(host, 404)
    outgoing = host.fire("HEAD")
    assert outgoing.body == []
    assert int(dict(outgoing.headers)["Content-Length"]) > 50


@pytest.mark.parametrize(("alias", "seen"), [("FIRST", True), ("HIGH", False), ("LAST", False)])
def test_who_sees_the_error_page(alias: str, seen: bool, host: Host) -> None:
    """3.2: CustomErrorModule is HIGH, hence near the end: only modules with FIRST are told after it."""
    counts: list[int] = []

    def send(context: Native, provider: Native) -> int:
        counts.append(response_of(context).GetRawHttpResponse_mutable().EntityChunkCount)
        return CONTINUE

    failing(host, 404)
    host.load("Sender", {"OnSendResponse": send}, priorities=[(0x20000000, alias)])
    host.fire()
    assert counts == [int(seen)]


def test_a_memory_chunk_by_reference_is_read_when_it_is_sent(exchange: Open) -> None:
    x, made = exchange(), chunk(b"before")
    of(x.response).WriteEntityChunkByReference(made, -1)
    ffi.memmove(made.FromMemory.pBuffer, b"after!", 6)
    assert sent_body(x) == b"after!"
