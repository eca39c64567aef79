"""Requests whose bodies flow, with both sides in this process: our side, and an engine with modules made of Python."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from pyiismod import HandlerRequest, ResponseStream, Server, UsageError
from pyiismod.host import win32

Make = Callable[..., Server]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Servers whose worker is this process, on any system."""
    monkeypatch.setattr(win32, "join_apartment", lambda: None)
    monkeypatch.setattr(sys, "platform", "win32")
    made: list[Server] = []

    def server(**options: Any) -> Server:
        made.append(Server(in_process=True, **options))
        return made[-1]

    yield server
    for each in made:
        each.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "big.bin").write_bytes(bytes(range(250)) * 20_000)
    (tmp_path / "a.txt").write_bytes(b"content")
    return tmp_path


def test_a_stream(make: Make, root: Path) -> None:
    with make(root=root).stream("GET", "/big.bin") as response:
        assert (response.status, response.reason, response.headers["Content-Length"]) == (200, "OK", "5000000")
        assert response.connection == ""
        assert response.read() == bytes(range(250)) * 20_000
    assert (response.connection, response.read(), repr(response)) == ("keep-alive", b"", "<ResponseStream 200 OK>")


def test_a_stream_that_is_left(make: Make, root: Path) -> None:
    with make(root=root).stream("GET", "/big.bin") as response:
        for piece in response:
            assert piece
            break
    assert response.connection == "reset"


def test_a_stream_that_was_never_entered(make: Make) -> None:
    stream = make().stream("GET", "/")
    assert isinstance(stream, ResponseStream)
    stream.close()


def test_content_that_nobody_reads(make: Make) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    assert make().post("/", content=endless()).status == 404


def test_content_that_fails_before_it_is_sent(make: Make) -> None:
    def failing() -> Iterator[bytes]:
        raise ZeroDivisionError
        yield b""

    with pytest.raises(ZeroDivisionError):
        make().post("/", content=failing())


def test_content_that_fails_later(make: Make) -> None:
    """The worker has to go on: a client has gone away, nothing else."""
    iis = make(content_handler=lambda request: request.read())

    def failing() -> Iterator[Any]:
        yield b"some"
        yield "text"

    with pytest.raises(UsageError, match="it has to yield bytes"):
        iis.post("/", content=failing())
    assert iis.post("/", content=iter([b"a", b"b"])).content == b"ab"


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("size", [3, 300_000])
def test_a_request_that_meets_an_ending_process_goes_to_the_next_one(
    size: int, is_streamed: bool, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with WAS: whatever was sent of the content to the process that ended is sent again."""
    iis = make(content_handler=lambda request: request.read())
    ending = iis._started()
    iis.recycle()
    workers = [ending, ending]
    started = iis._started
    monkeypatch.setattr(iis, "_started", lambda: workers.pop() if workers else started())
    pieces = [bytes([i]) * size for i in range(9)]
    if is_streamed:
        with iis.stream("POST", "/", content=iter(pieces)) as response:
            got = response.read()
    else:
        got = iis.post("/", content=iter(pieces)).content
    assert ([len(got), got[:30]], workers) == ([9 * size, b"".join(pieces)[:30]], [])


@pytest.mark.parametrize("size", [3, 300_000])
def test_so_does_one_whose_content_comes_bit_by_bit(size: int, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An asynchronous source cannot be asked twice: what was drawn from it is kept until somebody takes of it."""
    iis = make(content_handler=lambda request: request.read())
    ending = iis._started()
    iis.recycle()
    workers = [ending, ending]
    started = iis._started
    monkeypatch.setattr(iis, "_started", lambda: workers.pop() if workers else started())
    pieces = [bytes([i]) * size for i in range(9)]

    async def source() -> AsyncIterator[bytes]:
        for piece in pieces:
            await asyncio.sleep(0)
            yield piece

    async def ask() -> bytes:
        async with iis.astream("POST", "/", content=source()) as response:
            return await response.aread()

    assert (asyncio.run(asyncio.wait_for(ask(), 20)) == b"".join(pieces), workers) == (True, [])


# --- handlers


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        (None, 404, {}, None),
        (b"bytes", 200, {}, b"bytes"),
        ("täxt", 200, {}, "täxt".encode()),
        ((202, {"X-A": "1"}, b"x"), 202, {"X-A": "1"}, b"x"),
        ((200, [("X-A", "1"), ("X-A", "2")], "x"), 200, {"X-A": "1, 2"}, b"x"),
        ((200, {}, iter([b"a", b"", b"b"])), 200, {}, b"ab"),
        ((204, {}, b""), 204, {}, b""),
    ],
)
def test_what_a_handler_may_return(result: Any, status: int, headers: Any, body: bytes | None, make: Make) -> None:
    response = make(content_handler=lambda request: result).get("/")
    assert response.status == status
    assert {name: response.headers[name] for name in headers} == headers
    assert body is None or response.content == body


def test_what_a_handler_is_told(make: Make) -> None:
    seen: list[HandlerRequest] = []

    def look(request: HandlerRequest) -> bytes:
        seen.append(request)
        return b"".join(request) + request.read()

    content = [bytes([i]) * 200_000 for i in range(10)]
    response = make(content_handler=look).request(
        "PUT", "/a%20b?x=%20", content=iter(content), headers={"X-A": "ä"}, remote=("192.0.2.7", 99)
    )
    assert response.content == b"".join(content)
    request = seen[0]
    assert (request.method, request.target, request.path, request.query) == ("PUT", "/a%20b?x=%20", "/a b", "x=%20")
    assert (request.headers["x-a"], request.remote) == ("ä", ("192.0.2.7", 99))


def test_handlers_run_at_the_same_time(make: Make) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(request: HandlerRequest) -> bytes:
        both.wait()
        return request.path.encode()

    iis, got = make(content_handler=meet), []
    threads = [threading.Thread(target=lambda i=i: got.append(iis.get(f"/{i}").text)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(got) == ["/0", "/1"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_handler_that_fails(begun: bool, make: Make) -> None:
    def fail(request: HandlerRequest) -> Any:
        def pieces() -> Iterator[bytes]:
            yield b"some"
            raise ZeroDivisionError

        if begun:
            return 200, {}, pieces()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make(content_handler=fail).get("/")


def test_a_stream_from_a_handler_that_is_left(make: Make) -> None:
    """The handler's generator is closed, and nothing waits for it."""
    closed = threading.Event()

    def endless(request: HandlerRequest) -> Any:
        def pieces() -> Iterator[bytes]:
            try:
                while True:
                    yield bytes(100_000)
            finally:
                closed.set()

        return 200, {}, pieces()

    with make(content_handler=endless, response_buffer_limit=1000).stream("GET", "/") as response:
        next(iter(response))
    assert closed.wait(10)
    assert response.connection == "reset"


# --- WSGI


def test_a_wsgi_application_by_the_book(make: Make) -> None:
    environs: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environs.append(environ)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("201 Made", [("Content-Type", "text/plain"), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        return [b"<", body, b">"]

    response = make(app=validator(app)).post(
        "https://example.test/%C3%A4?x", content=b"body", headers=[("X-A", "1"), ("X-A", "2"), ("Content-Type", "a/b")]
    )
    assert (response.status, response.reason, response.content) == (201, "Made", b"<body>")
    assert response.headers.get_list("Set-Cookie") == ["a", "b"]
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/Ã¤",
        "QUERY_STRING": "x",
        "SERVER_NAME": "example.test",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "a/b",
        "HTTP_X_A": "1,2",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "https",
    }
    assert {key: environs[0][key] for key in expected} == expected


def test_a_wsgi_application_that_writes_and_is_closed(make: Make) -> None:
    class Pieces(list[bytes]):
        closed = False

        def close(self) -> None:
            self.closed = True

    pieces = Pieces([b"", b"two"])

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])(b"one ")
        return pieces

    assert make(app=app).get("/").content == b"one two"
    assert pieces.closed


def test_the_headers_may_change_until_the_first_byte(make: Make) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("503 Sorry", [], sys.exc_info())
        return []

    response = make(app=app).get("/")
    assert (response.status, response.reason) == (503, "Sorry")


@pytest.mark.parametrize("how", ["never", "twice"])
def test_a_wsgi_application_that_breaks_the_rules(how: str, make: Make) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if how == "twice":
            start_response("200 OK", [])
            start_response("200 OK", [])
        return [b"body"]

    with pytest.raises(UsageError, match="start_response"):
        make(app=app).get("/")


def test_the_body_as_a_file(make: Make) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        stream = environ["wsgi.input"]
        return [stream.readline(), b"|", stream.read(3), b"|", stream.read(), b"|", stream.read()]

    assert make(app=app).post("/", content=io.BytesIO(b"line\nabcdef")).content == b"line\n|abc|def|"
