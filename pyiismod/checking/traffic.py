"""The requests that a check fires: ordinary ones, and what modules' authors do not think of (fact sheet 6).

Behind the module answers :func:`behind`: a page with two cookies for everything but ``/missing``, so that filters of
responses have something to filter, and a 404.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pyiismod.handler import HandlerRequest, HandlerResult

__all__ = ["BASIC", "Shot", "behind", "beside_another", "body_of", "drawn", "notified", "varied"]

_PAGE = b"<!doctype html><title>check</title><p>An ordinary page, as an application behind the module answers.</p>"
_FORM = [("Content-Type", "application/x-www-form-urlencoded")]
_BINARY = bytes(range(256)) * 24


class Shot(NamedTuple):
    """One request: its name in the report, and the arguments of :meth:`pyiismod.Server.request`."""

    name: str
    method: str
    url: str
    options: Mapping[str, Any] = MappingProxyType({})


def behind(request: HandlerRequest) -> HandlerResult:
    """Answer what the module has not."""
    request.read()
    if request.path.startswith("/missing"):
        return None
    headers = [("Content-Type", "text/html"), ("Set-Cookie", "site=1; Path=/"), ("Set-Cookie", "theme=dark; Path=/")]
    return 200, headers, _PAGE


def body_of(size: int) -> bytes:
    """Return a body without a NUL and without repetition within a few KB."""
    return b"".join(b"field%d=value+%d&" % (i, i) for i in range(size // 12))[:size]


BASIC = Shot("GET /", "GET", "/")


def notified(name: str) -> Shot:
    """Return the request of one notification: one with a body where that is read."""
    if name == "RQ_READ_ENTITY":
        return Shot(f"{name}: POST /", "POST", "/", {"content": b"a=1&b=2", "headers": _FORM})
    return Shot(f"{name}: GET /", "GET", f"/{name.lower()}")


def varied() -> list[Shot]:
    """Return the set of varied requests."""
    upload = "/upload"
    lost = {"content": body_of(90_000), "disconnect_after": 60_000}
    lines = [("Authorization", "Basic dXNlcjpwYXNz"), ("Cookie", "a=1; b=2"), ("X-Twice", "1"), ("X-Twice", "2")]
    long = [("X-Long", "x" * 12000), ("Cookie", "a=" + "b" * 3000)]
    return [
        Shot("GET with a query", "GET", "/page?name=value&empty=&again=1%202"),
        Shot("HEAD /", "HEAD", "/"),
        Shot("POST of a form", "POST", "/form", {"content": b"user=me&password=secret", "headers": _FORM}),
        Shot("PATCH, a verb that http.sys does not know", "PATCH", "/item/1", {"content": b"{}"}),
        Shot("a header of 12 KB", "GET", "/", {"headers": long}),
        Shot("HTTP/1.0 without any header", "GET", "/", {"headers": {"Host": ""}, "http_version": "1.0"}),
        Shot("an IPv6 client", "GET", "/", {"remote": ("2001:db8::1", 50001)}),
        Shot("an encoded path that is not ASCII", "GET", "/caf%C3%A9/%E6%97%A5%E6%9C%AC/a%20b.html?q=%E2%82%AC"),
        Shot("a binary body with NULs", "POST", upload, {"content": _BINARY}),
        Shot("a body of 1 MB", "POST", upload, {"content": body_of(1_100_000)}),
        Shot("a body in short reads", "POST", upload, {"content": body_of(20_000), "short_reads": 7}),
        Shot("a chunked body", "POST", upload, {"content": _CHUNKED}),
        Shot("a client that goes away in its body", "POST", upload, lost),
        Shot("404", "GET", "/missing/page.html"),
        Shot("credentials, cookies, a header twice", "GET", "/", {"headers": lines}),
    ]


def beside_another() -> list[Shot]:
    """Return the requests that the neighbour (``native/modules/neighbour.cpp``) does something to."""
    return [
        Shot("a child request", "GET", "/parent", {"headers": {"X-Check": "child"}}),
        Shot("a child request with a body", "POST", "/parent", {"headers": {"X-Check": "child"}, "content": b"a=1"}),
        Shot("a request that ends before BEGIN_REQUEST", "GET", "/", {"headers": {"X-Check": "finish"}}),
        Shot("a custom notification", "GET", "/", {"headers": {"X-Check": "custom"}}),
    ]


class _Chunked:
    """Three chunks, as often as they are asked for."""

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"first=1&", b"second=2&", b"third=3")


_CHUNKED = _Chunked()


def drawn(seed: int, count: int) -> list[Shot]:
    """Return ``count`` requests drawn from a seed: method, path, headers, body, sizes of reads, schedule."""
    draw = random.Random(seed)
    return [_draw(draw, number) for number in range(count)]


def _draw(draw: random.Random, number: int) -> Shot:
    method = draw.choice(["GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
    path = "".join(
        draw.choice(["/", "a", "b.html", "%20", "%C3%A9", "..", "~", "x" * 200]) for _ in range(draw.randint(0, 8))
    )
    query = draw.choice(["", "?", "?a=1", "?" + "q" * draw.randint(1, 2000)])
    headers = [(f"X-{draw.choice('ABC')}", "v" * draw.randint(0, 500)) for _ in range(draw.randint(0, 6))]
    options: dict[str, Any] = {"headers": headers, "schedule": draw.randrange(1 << 16)}
    if method in ("POST", "PUT"):
        options["content"] = draw.randbytes(draw.choice([0, 1, 100, 49152, 60000]))
        if draw.random() < 0.5:
            options["short_reads"] = draw.randrange(1 << 16)
    return Shot(f"drawn request {number}: {method}", method, f"/{path.lstrip('/')}{query}", options)
