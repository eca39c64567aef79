"""Transports for ``httpx2``, or ``httpx`` where only that is installed: its clients talk to the modules of a server.

    with pyiismod.Server() as iis:
        iis.load("module.dll")
        with httpx2.Client(transport=Transport(iis), base_url="http://localhost") as client:
            response = client.get("/hello")
            response.extensions["iismod"].trace

Bodies flow both ways. ``response.extensions["iismod"]`` is the :class:`~pyiismod.ResponseStream` behind the response:
substatus, trace and refused calls, known when the body was read. What a module does to its process is raised as the
``ModuleError`` that it is; a connection that it cut as ``RemoteProtocolError``. Timeouts are the server's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyiismod.errors import UsageError
from pyiismod.streaming import ResponseStream

if TYPE_CHECKING:
    import httpx2

    from pyiismod.asyncstreaming import AsyncResponseStream
    from pyiismod.server import Server
else:
    try:
        import httpx2
    except ImportError:
        try:
            import httpx as httpx2
        except ImportError:
            raise UsageError(
                "pyiismod.transport needs httpx2 or httpx, and neither is installed.",
                hint="Run: pip install 'pyiismod[client]'",
            ) from None

__all__ = ["AsyncTransport", "Transport", "library"]

_LARGEST_AT_ONCE = 4 << 20


def library() -> Any:
    """Return the HTTP library that the transports are for."""
    return httpx2


class Transport(httpx2.BaseTransport):
    """For ``Client(transport=…)``.

    Args:
        server: where requests go; it stays the caller's.
        options: of :meth:`pyiismod.Server.request`, for each request.
    """

    def __init__(self, server: Server, **options: Any) -> None:
        self._server = server
        self._options = options

    def handle_request(self, request: httpx2.Request) -> Any:
        """Send one request."""
        content: Any = None
        if (size := _size(request)) is not None:
            content = request.read() if size <= _LARGEST_AT_ONCE else request.stream
        stream = self._server.stream(*_line(request), headers=_headers(request), content=content, **self._options)
        stream.__enter__()
        if not stream.status:
            stream.close()
            raise _cut(request)
        http = _library_of(request)
        body = _mixed(_Body, http.SyncByteStream)(stream, request)
        return _response(http, stream, body)


class AsyncTransport(httpx2.AsyncBaseTransport):
    """For ``AsyncClient(transport=…)``, with asyncio.

    Args:
        server: where requests go; it stays the caller's.
        options: of :meth:`pyiismod.Server.request`, for each request.
    """

    def __init__(self, server: Server, **options: Any) -> None:
        self._server = server
        self._options = options

    async def handle_async_request(self, request: httpx2.Request) -> Any:
        """Send one request."""
        content: Any = None
        if (size := _size(request)) is not None:
            content = await request.aread() if size <= _LARGEST_AT_ONCE else request.stream
        stream = self._server.astream(*_line(request), headers=_headers(request), content=content, **self._options)
        await stream.__aenter__()
        if not stream.status:
            await stream.aclose()
            raise _cut(request)
        http = _library_of(request)
        body = _mixed(_AsyncBody, http.AsyncByteStream)(stream, request)
        return _response(http, stream, body)


def _library_of(request: Any) -> Any:
    """Return the library that a request is of: clients of both are welcome, and check that a response is their own."""
    return import_module(type(request).__module__.partition(".")[0])


@cache
def _mixed(body: type, stream: type) -> Any:
    return type(body.__name__, (body, stream), {})


class _Body:
    def __init__(self, stream: ResponseStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream
        if self._stream.connection == "reset":
            raise _cut(self._request)

    def close(self) -> None:
        self._stream.close()


class _AsyncBody:
    def __init__(self, stream: AsyncResponseStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece
        if self._stream.connection == "reset":
            raise _cut(self._request)

    async def aclose(self) -> None:
        await self._stream.aclose()


def _line(request: httpx2.Request) -> tuple[str, str]:
    return request.method, str(request.url)


def _headers(request: httpx2.Request) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]


def _size(request: httpx2.Request) -> float | None:
    """Return the bytes of the body; None when there is none, infinity when only its end will tell."""
    if "transfer-encoding" in request.headers:
        return float("inf")
    length = request.headers.get("content-length")
    return int(length) if length is not None else None


def _lines(stream: ResponseStream | AsyncResponseStream) -> list[tuple[str, str]]:
    """Return the header lines but for the framing, which is gone from the body."""
    return [
        (name, value)
        for name, value in stream.headers.lines()
        if (name.lower(), value.lower()) != ("transfer-encoding", "chunked")
    ]


def _response(http: Any, stream: ResponseStream | AsyncResponseStream, body: Any) -> Any:
    extensions = {
        "http_version": b"HTTP/1.1",
        "reason_phrase": stream.reason.encode("latin-1"),
        "iismod": stream,
    }
    return http.Response(stream.status, headers=_lines(stream), stream=body, extensions=extensions)


def _cut(request: httpx2.Request) -> Exception:
    kind: Any = _library_of(request).RemoteProtocolError
    error: Exception = kind("The module cut the connection.", request=request)
    return error
