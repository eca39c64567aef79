"""Handlers on our side: what answers when no module has, in Python.

    def greet(request):
        return 200, {"Content-Type": "text/plain"}, f"Hello {request.path}"

    with pyiismod.Server(content_handler=greet) as iis: ...
    with pyiismod.Server(app=wsgi_application) as iis: ...

A handler runs on a thread of its own in this process, while the request waits in the worker; bodies flow both ways.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from pyiismod.abi.http import REASONS
from pyiismod.content import encoded
from pyiismod.conversation import Answer, Handler
from pyiismod.errors import UsageError
from pyiismod.headers import Headers

__all__ = ["HandlerRequest", "HandlerResult", "from_callable", "from_wsgi"]

HeaderLines = Mapping[str, str] | Iterable[tuple[str, str]]
HandlerResult = bytes | str | tuple[int, HeaderLines, bytes | str | Iterable[bytes]] | None
"""A body alone (200), or (status, headers, body); None is a 404."""


class HandlerRequest:
    """A request that no module has handled.

    Attributes:
        method: the verb.
        target: path and query, as sent or as a module has rewritten them.
        path: decoded path.
        query: from behind the ``?`` on.
        headers: as modules have left them.
        remote: (address, port) of the client.
    """

    def __init__(self, answer: Answer) -> None:
        asked = answer.request
        self._answer = answer
        self.method = asked.method
        self.target = asked.target
        self.path = asked.path
        self.query = asked.target.partition("?")[2]
        self.headers = Headers(asked.headers)
        self.remote = asked.remote

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body, as modules have left it, piece by piece."""
        while piece := self._answer.read():
            yield piece

    def read(self) -> bytes:
        """Return the rest of the body."""
        return b"".join(self)


def from_callable(function: Callable[[HandlerRequest], HandlerResult]) -> Handler:
    """Return the handler that asks a function."""

    def handle(answer: Answer) -> None:
        result = function(HandlerRequest(answer))
        if result is None:
            result = (404, {}, b"")
        elif isinstance(result, (bytes, str)):
            result = (200, {}, result)
        status, headers, body = result
        answer.begin(status, "", _lines(headers))
        try:
            for piece in _pieces(body):
                answer.write(piece)
        finally:
            _close(body)

    return handle


def _lines(headers: HeaderLines) -> list[tuple[str, str]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def _pieces(body: bytes | str | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(body, str):
        body = encoded(body, "The handler's body")
    return (body,) if isinstance(body, bytes) else body


def from_wsgi(app: Callable[..., Iterable[bytes]]) -> Handler:
    """Return the handler that asks a WSGI application (PEP 3333)."""

    def handle(answer: Answer) -> None:
        started = _Started(answer)
        pieces = app(_environ(answer), started.start_response)
        try:
            for piece in pieces:
                started.write(piece)
            started.write(b"", is_last=True)
        finally:
            _close(pieces)

    return handle


def _close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()


class _Started:
    """What a WSGI application has said so far: its headers leave with the first byte of its body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._head: tuple[int, str, list[tuple[str, str]]] | None = None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None and self._answer.has_begun:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self._head is not None:
            raise UsageError("The application has called start_response twice.")
        code, _, reason = status.partition(" ")
        self._head = int(code), reason or REASONS.get(int(code), ""), list(headers)
        return self.write

    def write(self, data: bytes, *, is_last: bool = False) -> None:
        if not data and not is_last:
            return
        if self._head is None:
            raise UsageError("The application has not called start_response before its body.")
        if not self._answer.has_begun:
            self._answer.begin(*self._head)
        self._answer.write(data)


class _Body(io.RawIOBase):
    """The request's body as a file."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or self._answer.read()
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _environ(answer: Answer) -> dict[str, Any]:
    asked = answer.request
    host, _, port = asked.authority.rpartition(":") if ":" in asked.authority else (asked.authority, "", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(asked.target.partition("?")[0]).decode("latin-1"),
        "QUERY_STRING": asked.target.partition("?")[2],
        "SERVER_NAME": host or asked.authority,
        "SERVER_PORT": port or ("443" if asked.scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/{}.{}".format(*asked.version),
        "REMOTE_ADDR": asked.remote[0],
        "REMOTE_PORT": str(asked.remote[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": asked.scheme,
        "wsgi.input": io.BufferedReader(_Body(answer)),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in asked.headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
