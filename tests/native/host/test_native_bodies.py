"""Bodies of requests and responses through real modules and a real worker (fact sheet 5.2 and 5.3)."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pyiismod
from pyiismod import HandlerRequest, ModuleCrashed, ModuleHung, Server

Dll = Callable[[str], Path]
Make = Callable[..., Server]

MEGABYTE = 1 << 20
EOF, GONE = "0x80070026", "0x800704CD"


@pytest.fixture
def one(server: Make, dll: Dll) -> Callable[..., Server]:
    """A server with one module."""

    def load(name: str, **options: Any) -> Server:
        iis = server(**options)
        iis.load(dll(f"{name}.msvc"))
        return iis

    return load


def lines(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines())


# --- responses


@pytest.mark.parametrize("name", ["file_chunk", "file_chunk.msvc"])
def test_a_chunk_from_a_file(name: str, server: Make, dll: Dll) -> None:
    """5.3: the module closes its handle right after the buffered write, and it works."""
    iis = server()
    iis.load(dll(name))
    response = iis.get("/")
    assert (response.status, response.content) == (200, dll(name).read_bytes()[1:5])
    assert (response.refused, response.trace.violations) == ((), ())


@pytest.mark.parametrize("name", ["chunk_kinds", "chunk_kinds.msvc"])
def test_every_kind_of_chunk(name: str, server: Make, dll: Dll) -> None:
    iis = server()
    iis.load(dll(name))
    response = iis.get("/")
    assert (response.status, response.text) == (200, "<memory MZ 0123456789789")
    assert response.trace.violations == ()


@pytest.mark.parametrize(
    ("query", "version", "status", "body", "framing", "connection"),
    [
        ("", "1.1", 200, "body", {"Content-Length": "4"}, "keep-alive"),
        ("wfw", "1.1", 200, "one one body", {"Transfer-Encoding": "chunked"}, "keep-alive"),
        ("bw", "1.1", 200, "one body", {"Transfer-Encoding": "chunked"}, "keep-alive"),
        ("", "1.0", 200, "body", {"Connection": "close", "Content-Length": "4"}, "close"),
        ("wf", "1.0", 200, "one body", {"Connection": "close"}, "close"),
        ("d", "1.1", 200, "body", {"Connection": "close", "Content-Length": "4"}, "close"),
        ("2", "1.1", 204, "", {}, "keep-alive"),
        ("3", "1.1", 304, "", {}, "keep-alive"),
        ("s", "1.1", 0, "body", {}, "close"),
        ("r", "1.1", 0, "", {}, "reset"),
        ("wfr", "1.1", 200, "one ", {"Transfer-Encoding": "chunked"}, "reset"),
        ("wfc", "1.1", 200, "one ", {"Transfer-Encoding": "chunked"}, "reset"),
        ("l", "1.1", 200, "body", {"Content-Length": "99"}, "close"),
        ("4", "1.1", 404, "body", {"Content-Length": "4"}, "keep-alive"),
        ("ke", "1.1", 404, "", {"Content-Length": "0"}, "keep-alive"),
    ],
)
def test_framing(
    query: str, version: str, status: int, body: str, framing: dict[str, str], connection: str, one: Any
) -> None:
    iis = one("wire_options")
    response = iis.get(f"/?{query}", http_version=version)
    assert (response.status, response.text, response.connection) == (status, body, connection)
    names = ("Connection", "Content-Length", "Transfer-Encoding")
    assert {name: value for name, value in response.headers.lines() if name in names} == framing
    with iis.stream("GET", f"/?{query}", http_version=version) as streamed:
        assert (streamed.status, streamed.read().decode()) == (status, body)
        assert (streamed.connection, streamed.headers.get_list("Content-Length")) == (
            connection,
            response.headers.get_list("Content-Length"),
        )


def test_head_counts_what_it_does_not_send(one: Any) -> None:
    response = one("wire_options").head("/")
    assert (response.status, response.content, response.headers["Content-Length"]) == (200, b"", "4")


def test_error_pages(one: Any) -> None:
    """3.2: status 400 and above with an empty body, unless fTrySkipCustomErrors was given."""
    iis = one("wire_options")
    response = iis.get("/?4e")
    assert (response.status, response.substatus, response.headers["Content-Type"]) == (404, 7, "text/html")
    assert "<h1>404.7 - Gone Fishing</h1>" in response.text
    assert "<h1>404 - Gone Fishing</h1>" in iis.get("/?4e", remote=("192.0.2.1", 1)).text


def test_content_behind_the_modules(server: Make, dll: Dll, tmp_path: Path) -> None:
    """2.3: where no module handles the request, the site's files answer, as StaticFileModule does."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "ä.txt").write_bytes(b"content")
    (tmp_path / "a b" / "secret.cfg").write_bytes(b"no")
    (tmp_path / "index.html").write_bytes(b"<html>")
    (tmp_path / "big.zip").write_bytes(bytes(range(250)) * 4000)
    iis = server(root=tmp_path, environment={"IISMOD_ORDER_A": "1"})
    iis.load(dll("order_a.msvc"))
    expected = {
        "/a%20b/%C3%A4.txt": (200, 0, "text/plain", b"content"),
        "/a b/ä.txt": (200, 0, "text/plain", b"content"),
        "/x/../a%20b/ä.txt": (200, 0, "text/plain", b"content"),
        "/A%20B/Ä.TXT": (200, 0, "text/plain", b"content"),
        "/": (200, 0, "text/html", b"<html>"),
        "/big.zip": (200, 0, "application/x-zip-compressed", bytes(range(250)) * 4000),
        "/a%20b": (301, 0, "text/html; charset=UTF-8", None),
        "/a%20b/": (403, 14, "text/html", None),
        "/none.txt": (404, 0, "text/html", None),
        "/../../none.txt": (404, 0, "text/html", None),
        "/a%20b/secret.cfg": (404, 3, "text/html", None),
        "/index.html::$DATA": (404, 0, "text/html", None),
        "/index.html.": (404, 0, "text/html", None),
        "/index.html%20": (404, 0, "text/html", None),
        "/index.html/": (404, 0, "text/html", None),
        "/nul": (404, 0, "text/html", None),
        "/con.txt": (404, 0, "text/html", None),
        "/index.html%00.txt": (404, 0, "text/html", None),
    }
    for url, (status, substatus, kind, body) in expected.items():
        response = iis.get(url)
        got = (response.status, response.substatus, response.headers.get("Content-Type"))
        assert got == (status, substatus, kind), url
        assert body is None or response.content == body, url
        assert response.headers["X-Order"] == "a:BeginRequest"
    head = iis.head("/index.html")
    assert (head.status, head.content, head.headers["Content-Length"]) == (200, b"", "6")
    post = iis.post("/index.html", content="x")
    assert (post.status, post.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, TRACE")
    assert iis.get("/a%20b").headers["Location"] == "http://localhost/a%20b/"
    assert iis.get("/", headers={"If-None-Match": head.headers["ETag"]}).status == 304
    assert iis.get("/", headers={"If-Modified-Since": head.headers["Last-Modified"]}).status == 304
    part = iis.get("/big.zip", headers={"Range": "bytes=999990-"})
    assert (part.status, part.headers["Content-Range"]) == (206, "bytes 999990-999999/1000000")
    assert part.content == bytes(range(240, 250))
    assert iis.trace.violations == ()


# --- requests


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", {"preloaded": "0", "more": "0", "before": "0", "reads": "0", "bytes": "0"}),
        (b"x" * 100, {"preloaded": "100", "more": "0", "before": "100", "reads": "1", "bytes": "100"}),
        (b"x" * 60000, {"preloaded": "49152", "more": "1", "before": "60000", "reads": "2", "bytes": "60000"}),
        (io.BytesIO(b"x" * 60000), {"preloaded": "49152", "more": "1", "before": "60000", "bytes": "60000"}),
        ([b"x" * 10] * 3, {"preloaded": "10", "more": "1", "before": "4294967295", "reads": "3", "bytes": "30"}),
        ([], {"preloaded": "0", "more": "1", "before": "4294967295", "reads": "0", "bytes": "0"}),
    ],
)
def test_uploads(content: Any, expected: dict[str, str], one: Any) -> None:
    """5.2: what is preloaded, what is announced, and how much remains before and after."""
    found = lines(one("body_drain").post("/", content=content).text)
    assert {key: found[key] for key in expected} == expected
    assert (found["end"], found["after"]) == (EOF, "0")


def test_short_reads(one: Any) -> None:
    """Section 6, 12: reads of varying length; a seed makes them the same each time."""
    iis = one("post_body")
    body = bytes(range(256)) * 100
    whole, short, again, other = (iis.post("/", content=body, short_reads=seed).text for seed in (None, 7, 7, 8))
    assert short == again
    assert len({whole, short, other}) == 3

    def sums(text: str) -> list[str]:
        return [part for line in text.splitlines() if " reads " in line for part in line.split("bytes ")[1:]]

    assert sums(whole) == sums(short) == sums(other)


@pytest.mark.parametrize(("content", "after"), [(b"x" * 1000, 400), ([b"x" * 300, b"x" * 700], 400)])
def test_a_client_that_goes_away_while_it_sends(content: Any, after: int, one: Any) -> None:
    """5.2: the read fails with ERROR_CONNECTION_INVALID; nothing can be answered."""
    iis = one("body_drain")
    response = iis.post("/", content=content, disconnect_after=after)
    assert (response.status, response.connection, response.content) == (0, "reset", b"")
    found = lines(next(event.args["text"] for event in response.trace if event.event == "output"))
    assert (found["bytes"], found["end"]) == (str(after), GONE)
    assert int(found["after"]) > 0
    assert iis.post("/", content=b"fine").status == 200


def test_100_continue(one: Any) -> None:
    iis = one("body_drain")
    invited = iis.post("/", content=b"body", headers={"Expect": "100-continue"})
    assert (invited.status, invited.interim) == (200, (100,))
    assert lines(invited.text)["preloaded"] == "0"
    assert iis.post("/", content=b"body").interim == ()


def test_asynchronous_reads_of_a_slow_client(one: Any) -> None:
    """2.4: each read of what has not come completes in OnAsyncCompletion."""
    read_on = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"one "
        read_on.wait(0.2)
        yield b"two "
        yield b"three"

    iis = one("body_read_async")
    assert iis.post("/", content=slowly()).text == f"{EOF} completed one two three"
    assert iis.post("/", content=b"at once").text == f"{EOF} inline at once"


# --- streams


def test_a_stream_from_the_worker(one: Any) -> None:
    iis = one("body_pour")
    with iis.stream("GET", "/?9") as response:
        assert (response.status, response.headers["Transfer-Encoding"]) == (200, "chunked")
        body = response.read()
    assert len(body) == 9 * MEGABYTE
    assert all(body[at] == body[at + 4095] == at // 4096 % 251 for at in range(0, len(body), 4096))
    assert response.connection == "keep-alive"
    assert response.trace.violations == ()
    assert [event.method for event in response.trace][-1] == "Dispose"
    assert body == iis.get("/?9").content


@pytest.mark.parametrize("mode", ["", "u"])
def test_a_slow_reader_makes_the_module_wait(mode: str, one: Any) -> None:
    iis = one("body_pour", response_buffer_limit=1000)
    with iis.stream("GET", f"/?64{mode}") as response:
        pieces = iter(response)
        next(pieces)
        threading.Event().wait(0.3)
        assert response._way is not None
        assert response._way.conversation.download.is_full
        assert not response._way.call.is_settled
        assert len(b"".join(pieces)) > 60 * MEGABYTE


def printed(trace: pyiismod.Trace) -> list[str]:
    return [event.args["text"] for event in trace if event.event == "output"]


@pytest.mark.parametrize("schedule", ["threaded", "early"])
def test_an_asynchronous_write_does_not_wait_for_a_slow_reader(schedule: str, one: Any) -> None:
    """2.4: it is pending, and completes when the reader has taken everything."""
    iis = one("async_slow")
    with iis.stream("GET", "/?8", schedule=schedule) as response:
        pieces = iter(response)
        first = next(pieces)
        threading.Event().wait(0.2)
        assert response._way.conversation.download.is_full
        rest = b"".join(pieces)
    assert len(first) + len(rest) == 8 * MEGABYTE
    assert printed(response.trace) == ["pending 1, sent 0", f"0x00000000 with {8 * MEGABYTE} bytes"]
    assert (response.connection, response.trace.violations) == ("keep-alive", ())


def test_a_write_that_is_cancelled_while_it_waits(one: Any) -> None:
    """2.4, CancelIo: ERROR_OPERATION_ABORTED; the connection goes with the half response."""
    iis = one("async_slow")
    with iis.stream("GET", "/?8c") as response:
        threading.Event().wait(0.3)
        assert len(response.read()) < 4 * MEGABYTE
    assert printed(response.trace) == ["pending 1, sent 0", "0x800703E3 with 0 bytes"]
    assert response.connection == "reset"
    assert iis.get("/?1").status == 200


def test_a_write_that_nobody_waits_for(one: Any) -> None:
    """Section 6, 5: a violation; the memory of the request lasts until the client has everything."""
    with one("async_slow").stream("GET", "/?8l") as response:
        body = response.read()
    assert body == b"x" * (8 * MEGABYTE)
    assert [violation.partition(" went on ")[2] for violation in response.trace.violations] == [
        "without waiting for WriteEntityChunks"
    ]


def test_a_reader_that_leaves_before_a_write_is_over(one: Any) -> None:
    """5.3: client gone: the completion says 0x800704CD."""
    iis = one("async_slow")
    with iis.stream("GET", "/?8") as response:
        next(iter(response))
    assert printed(response.trace)[1].startswith(f"{GONE} with ")
    assert response.connection == "reset"


@pytest.mark.parametrize("abi", ["", ".msvc"])
def test_a_body_that_the_module_frames_itself(abi: str, server: Make, dll: Dll) -> None:
    """5.3: http.sys sends it as it is, and the client takes the framing off."""
    iis = server()
    iis.load(dll(f"chunked_itself{abi}"))
    for query, body, end, words in (
        ("", "first second", "keep-alive", ""),
        ("open", "first second", "close", "but it ends without a last chunk"),
        ("plain", "", "close", "but 'no framing' stands where the size of a chunk has to come"),
    ):
        response = iis.get(f"/?{query}")
        assert (response.text, response.connection) == (body, end)
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in response.headers
        assert [words in violation for violation in response.trace.violations] == [True] * bool(words)
        with iis.stream("GET", f"/?{query}") as streamed:
            assert (streamed.read().decode(), streamed.connection) == (body, end)


@pytest.mark.parametrize("abi", ["", ".msvc"])
def test_a_chunk_of_trailers(abi: str, server: Make, dll: Dll) -> None:
    """5.3: kept, and known to GetTrailer; their effect on the wire is only recorded."""
    iis = server()
    iis.load(dll(f"chunked_itself{abi}"))
    response = iis.get("/?trailers")
    assert (response.text, printed(response.trace)) == ("first second", ["0x00000000 42 2"])
    assert (response.refused, response.trace.violations) == ((), ())


def test_a_reader_that_leaves_is_a_client_that_has_gone(one: Any) -> None:
    """5.3: the write fails with 0x800704CD, and the worker lives on."""
    iis = one("body_pour")
    with iis.stream("GET", "/?64") as response:
        next(iter(response))
    assert response.connection == "reset"
    assert [event.args["text"] for event in response.trace if event.event == "output"] == [f"stopped: {GONE}"]
    assert iis.get("/?1").status == 200


def test_both_ways_at_once(one: Any) -> None:
    """The echo sends before it has read all: neither side may wait for the other for ever."""
    pieces = [bytes([i]) * 100_000 for i in range(200)]
    with one("echo").stream("POST", "/", content=iter(pieces)) as response:
        assert response.read().endswith(b"\n\n" + b"".join(pieces))


def test_a_very_large_body_at_once(one: Any) -> None:
    body = bytes(range(256)) * (40 * MEGABYTE // 256)
    assert one("echo").post("/", content=body).content.endswith(b"\n\n" + body)


def test_a_crash_in_the_middle_of_a_body(one: Any) -> None:
    iis = one("wire_options")
    got: list[Any] = []

    def take() -> None:
        with iis.stream("GET", "/?wfx") as response:
            got.append(response.status)
            got.extend(response)

    with pytest.raises(ModuleCrashed) as caught:
        take()
    assert got == [200, b"one "]
    assert caught.value.notification == "OnBeginRequest"
    assert caught.value.details["code_name"] == "STATUS_ACCESS_VIOLATION"
    assert iis.get("/").text == "body"


def test_a_crash_while_the_content_is_sent(one: Any) -> None:
    iis = one("wire_options")

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    with pytest.raises(ModuleCrashed):
        iis.post("/?x", content=endless())
    assert iis.post("/", content=endless()).text == "body"


def test_a_module_that_hangs_while_content_is_sent(server: Make, dll: Dll) -> None:
    iis = server(timeout=2.0)
    iis.load(dll("crash_hang"))
    with pytest.raises(ModuleHung):
        iis.post("/", content=(bytes(100_000) for _ in range(1000)))


def test_a_slow_producer_is_no_hanging_module(one: Any) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(4):
            threading.Event().wait(0.7)
            yield b"piece"

    found = lines(one("body_drain", timeout=2.0).post("/", content=slowly()).text)
    assert (found["bytes"], found["end"]) == ("20", EOF)


def test_a_producer_that_fails_is_a_client_that_has_gone(one: Any) -> None:
    def failing() -> Iterator[bytes]:
        yield b"some"
        raise ZeroDivisionError

    iis = one("body_drain")
    with pytest.raises(ZeroDivisionError):
        iis.post("/", content=failing())
    texts = [event.args["text"] for event in iis.trace if event.event == "output"]
    assert lines(texts[-1])["end"] == GONE
    assert iis.post("/", content=b"fine").status == 200


# --- handlers on our side


def test_a_function_behind_the_modules(server: Make, dll: Dll) -> None:
    """Modules see its response as that of any handler; headers that they have set stay."""

    def greet(request: HandlerRequest) -> Any:
        if request.path == "/none":
            return None
        text = f"{request.method} {request.path} {request.query} {request.headers['X-A']} {request.read().decode()}"
        return 201, [("X-Greet", "ä"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], text

    iis = server(content_handler=greet, environment={"IISMOD_ORDER_A": "1"})
    iis.load(dll("order_a.msvc"))
    response = iis.post("/hello%20you?x=1", headers={"X-A": "yes"}, content="body")
    assert (response.status, response.reason) == (201, "Created")
    assert response.text == "POST /hello you x=1 yes body"
    assert response.headers["X-Greet"] == "ä"
    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert response.headers["X-Order"].startswith("a:BeginRequest")
    assert iis.get("/none").status == 404


def test_a_wsgi_application_behind_the_modules(server: Make, dll: Dll) -> None:
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append({key: environ[key] for key in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_HOST")})
        size = len(environ["wsgi.input"].read())
        start_response("200 Fine", [("Content-Type", "text/plain")])
        yield f"{size} ".encode()
        for _ in range(300):
            yield b"x" * 10_000

    iis = server(app=app)
    iis.load(dll("order_a.msvc"))
    response = iis.post("http://example.test:81/a%20b?q", content=bytes(1_000_000))
    assert (response.status, response.reason, len(response.content)) == (200, "Fine", 3_000_008)
    assert seen == [
        {"REQUEST_METHOD": "POST", "PATH_INFO": "/a b", "QUERY_STRING": "q", "HTTP_HOST": "example.test:81"}
    ]
    with iis.stream("POST", "/", content=(bytes(100_000) for _ in range(30))) as streamed:
        assert streamed.read().startswith(b"3000000 ")


def test_a_handler_that_fails(server: Make, dll: Dll) -> None:
    def fail(request: HandlerRequest) -> Any:
        raise ZeroDivisionError

    iis = server(content_handler=fail)
    iis.load(dll("order_a.msvc"))
    with pytest.raises(ZeroDivisionError):
        iis.get("/")
    assert [event.method for event in iis.trace][-1] == "Dispose"


def test_a_handler_is_not_asked_for_what_a_module_answers(one: Any) -> None:
    def never(request: HandlerRequest) -> Any:
        raise AssertionError

    iis = one("hello", content_handler=never)
    assert iis.get("/").text == "Hello World"


def test_one_handler_is_enough() -> None:
    with pytest.raises(pyiismod.UsageError, match="app or content_handler"):
        Server(app=lambda *_: [], content_handler=lambda _: b"")
