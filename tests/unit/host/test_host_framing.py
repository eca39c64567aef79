"""A body that a module frames itself (fact sheet 5.3): what the client makes of it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nativecall import NULL, of, write_body

from pyiismod.host.framing import Dechunker

WHOLE = b"4\r\nbody\r\nA;name=value\r\n0123456789\r\n0\r\nX-Sum: 7\r\n\r\n"
BODY = b"body0123456789"


def framed(body: bytes, sizes: list[int]) -> bytes:
    out = b""
    for size in sizes:
        piece, body = body[:size], body[size:]
        out += b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    return out + (b"%X\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=9), st.lists(st.integers(1, 30)))
def test_whatever_the_pieces(body: bytes, chunks: list[int], pieces: list[int]) -> None:
    data, dechunker, got = framed(body, chunks), Dechunker(), b""
    for size in pieces:
        got += dechunker.feed(data[:size])
        data = data[size:]
    got += dechunker.feed(memoryview(data))
    assert (got, dechunker.end()) == (body, "")


@pytest.mark.parametrize(
    ("data", "body", "trouble"),
    [
        (WHOLE, BODY, ""),
        (b"0\r\n\r\n", b"", ""),
        (b"", b"", "it ends without a last chunk"),
        (b"4\r\nbod", b"bod", "it ends without a last chunk"),
        (b"4\r\nbody\r\n", b"body", "it ends without a last chunk"),
        (b"plain text", b"", "'plain text' stands where the size of a chunk has to come"),
        (b"<html>", b"", "'<html>' stands where the size of a chunk has to come"),
        (b"4\nbody\r\n", b"", "'4\\n' stands where the size of a chunk has to come"),
        (b"-4\r\nbody\r\n", b"", "'-4' stands where the size of a chunk has to come"),
        (b"\r\n4\r\nbody\r\n", b"", "'' stands where the size of a chunk has to come"),
        (b"3\r\nbody\r\n", b"bod", "'y' stands where CR LF behind a chunk has to come"),
        (b"5\r\nbody\r\n", b"body\r", "'\\n' stands where CR LF behind a chunk has to come"),
        (b"4\r\nbodyX", b"body", "'X' stands where CR LF behind a chunk has to come"),
        (b"0\r\n\r\nmore", b"", "something follows the last chunk"),
        (b"11112222333344445\r\n", b"", "stands where the size of a chunk has to come"),
        (b"1;" + bytes(70000), b"", "stands where the size of a chunk has to come"),
    ],
)
def test_what_is_wrong(data: bytes, body: bytes, trouble: str) -> None:
    at_once, bytewise, got = Dechunker(), Dechunker(), b""
    assert at_once.feed(data) == body
    for i in range(len(data)):
        got += bytewise.feed(data[i : i + 1])
    assert got == body
    for found in (at_once.end(), bytewise.end()):
        assert trouble.partition("' stands")[2] in found
        assert bool(found) == bool(trouble)
    assert trouble in at_once.end()
    assert at_once.feed(b"ignored") == b"" or not trouble


@pytest.mark.parametrize(
    ("body", "version", "method", "got", "end"),
    [
        (WHOLE, (1, 1), "GET", BODY, "keep-alive"),
        (b"plain", (1, 1), "GET", b"", "close"),
        (b"plain", (1, 1), "HEAD", b"", "keep-alive"),
        (b"plain", (1, 0), "GET", b"plain", "close"),
    ],
)
@pytest.mark.parametrize("is_flushed", [False, True])
def test_the_client_gets_what_is_inside(
    body: bytes, version: Any, method: str, got: bytes, end: str, is_flushed: bool, exchange: Callable[..., Any]
) -> None:
    """5.3: the header stays, nothing is added to it; a framing that is none is a violation, and the connection ends."""
    x = exchange(method, version=version)
    response = of(x.response)
    x.response.headers.set(b"Transfer-Encoding", b"chunked", replace=True)
    write_body(response, body[:3])
    if is_flushed:
        assert response.Flush(0, 1, NULL, NULL) == 0
    write_body(response, body[3:])
    x.finish()
    assert (b"".join(x.outgoing.body), x.outgoing.connection) == (got, end)
    headers = dict(x.outgoing.headers)
    assert (headers["Transfer-Encoding"], "Content-Length" in headers) == ("chunked", False)
    violations = [event.method for event in x.timeline.events if event.event == "violation"]
    words = "the response says Transfer-Encoding: chunked, but 'p"
    assert [text[: len(words)] for text in violations] == [words] * (not got and end == "close")
