"""An ASGI 3 application in front of a server: any ASGI server or test client can drive the modules.

    iis = pyiismod.Server(root="wwwroot")
    iis.load("module.dll")
    app = pyiismod.asgi.App(iis)

Bodies flow both ways, and a client that leaves early is one that has left for the modules, too. ASGI itself loses the
case of header names and the reason phrase; the trace has them. A connection that a module cut is cut where the ASGI
server lets us (``pyiismod serve`` does); elsewhere the response just ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from pyiismod.asyncstreaming import AsyncResponseStream
from pyiismod.errors import PyiismodError, UsageError
from pyiismod.headers import Headers
from pyiismod.server import Server

__all__ = ["ABORT", "App", "Finished"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ABORT = "pyiismod.abort"
"""Extension of a scope: a function that cuts the connection."""

_PATIENCE = 0.1  # seconds before somebody looks whether the client is still there


class ClientGone(Exception):
    """The client has left."""


class Finished:
    """How one request ended, for whoever keeps a log.

    Attributes:
        scope: of the request.
        began: when it came, in seconds of ``perf_counter``.
        status: what the client got; 0 when the connection was cut, or the client left before.
        size: bytes of the response's body.
        stream: the response, with its trace; None where there is none.
        error: what went wrong with the modules.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.began = perf_counter()
        self.status = 0
        self.size = 0
        self.stream: AsyncResponseStream | None = None
        self.error: PyiismodError | None = None


class App:
    """The application.

    Args:
        server: it stays the caller's.
        on_error: told of a module that failed; returns the text of a 502 for the client. Without it the error is raised
            to the ASGI server, or to the test.
        on_end: told when a request is over.
        options: of :meth:`pyiismod.Server.request`, for each request.
    """

    def __init__(
        self,
        server: Server,
        *,
        on_error: Callable[[PyiismodError, Scope], str] | None = None,
        on_end: Callable[[Finished], None] | None = None,
        **options: Any,
    ) -> None:
        self._server = server
        self._on_error = on_error
        self._on_end = on_end
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's life.

        Raises:
            ModuleError: a module failed, and nobody was named to take the error.
        """
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] != "http":
            raise UsageError(f"IIS modules are not asked for {scope['type']}.", hint="Only HTTP goes through them.")
        else:
            finished = Finished(scope)
            try:
                await self._serve(scope, receive, send, finished)
            finally:
                if self._on_end is not None:
                    self._on_end(finished)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, finished: Finished) -> None:
        first = await receive()
        if first["type"] == "http.disconnect":
            return
        more = first.get("more_body", False)
        content = _pieces(first, receive) if more else first.get("body") or None
        try:
            stream = self._server.astream(
                scope["method"],
                _url(scope),
                headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
                content=content,
                remote=_address(scope.get("client")) or ("127.0.0.1", 50000),
                http_version="1.0" if scope["http_version"] == "1.0" else "1.1",
                **self._options,
            )
        except UsageError as error:
            await _answer(send, finished, 400, f"{error.message}\n")
            return
        finished.stream = stream
        watch = None if more else _Watch(receive)
        try:
            await self._pump(scope, stream, send, finished)
        except ClientGone:
            pass
        except asyncio.CancelledError:
            if watch is None or not watch.client_has_left:
                raise
        finally:
            if watch is not None:
                watch.end()

    async def _pump(self, scope: Scope, stream: AsyncResponseStream, send: Send, finished: Finished) -> None:
        """Take the response and hand it on."""
        more, fits = True, True
        try:
            async with stream:
                if stream.status:
                    headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in stream.headers.lines()]
                    await send({"type": "http.response.start", "status": stream.status, "headers": headers})
                    finished.status = stream.status
                    promised = _promised(stream.headers)
                    async for piece in stream:
                        finished.size += len(piece)
                        if not (fits := promised is None or finished.size <= promised):
                            break
                        more = (
                            not stream.is_over or stream.connection == "reset" or promised not in (None, finished.size)
                        )
                        await send({"type": "http.response.body", "body": piece, "more_body": more})
                    fits = fits and (promised in (None, finished.size) or not _has_body(scope, stream.status))
        except PyiismodError as error:
            finished.error = error
            if self._on_error is None:
                raise
            await self._fail(scope, send, finished, self._on_error(error, scope))
            return
        if not stream.status or stream.connection == "reset" or not fits:
            finished.status = 0
            await _cut(scope, send, has_begun=bool(stream.status))
        elif more:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _fail(self, scope: Scope, send: Send, finished: Finished, text: str) -> None:
        if finished.status:
            await _cut(scope, send, has_begun=True)
        else:
            await _answer(send, finished, 502, text)


class _Watch:
    """Cancels the current task when the client leaves before it has its response; looks only when that takes long."""

    def __init__(self, receive: Receive) -> None:
        self.client_has_left = False
        self._receive = receive
        self._watched = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._start = asyncio.get_running_loop().call_later(_PATIENCE, self._begin)

    def _begin(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.client_has_left = True
        if self._watched is not None:
            self._watched.cancel()

    def end(self) -> None:
        """Look no more."""
        self._start.cancel()
        if self._watching is not None:
            self._watching.cancel()


async def _live(receive: Receive, send: Send) -> None:
    """Say that all is well; the server is its owner's to close."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _pieces(first: Message, receive: Receive) -> AsyncIterator[bytes]:
    message = first
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
        message = await receive()


async def _answer(send: Send, finished: Finished, status: int, text: str) -> None:
    finished.status = status
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _cut(scope: Scope, send: Send, *, has_begun: bool) -> None:
    """End a response in the middle, or before it has begun."""
    if (abort := scope.get("extensions", {}).get(ABORT)) is not None:
        abort()
    elif not has_begun:
        await _answer(send, Finished(scope), 502, "The module cut the connection.\n")
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _promised(headers: Headers) -> int | None:
    """Return what Content-Length says; None where nothing does. A module may say what is not true."""
    length = headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Transfer-Encoding" not in headers else None


def _has_body(scope: Scope, status: int) -> bool:
    return scope["method"] != "HEAD" and status not in (204, 304)


def _url(scope: Scope) -> str:
    """Return the URL as it was sent, as far as ASGI tells."""
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    if not host and (server := _address(scope.get("server"))) is not None:
        name, port = server
        host = (f"[{name}]:{port}" if ":" in name else f"{name}:{port}").encode()
    target = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    return f"{scope.get('scheme', 'http')}://{host.decode('latin-1') or 'localhost'}{target}"


def _address(pair: Any) -> tuple[str, int] | None:
    """Return (address, port) of one end; None where it is none, as with a Unix socket or a test client's name."""
    if not pair or pair[1] is None:
        return None
    name, port = pair[0], pair[1]
    return (name, port) if name.replace(".", "").isdecimal() or ":" in name else ("127.0.0.1", port)
