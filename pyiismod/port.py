"""A real HTTP/1.1 port: an ASGI application on a listening socket, by uvicorn (extra ``serve``).

uvicorn is one of the ASGI servers that are kept up, is small, does keep-alive, pipelining, chunked bodies and
``Expect: 100-continue``, and runs on Windows too. What it lacks for us is added here: a connection that can be cut.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from pyiismod.asgi import ABORT, App
from pyiismod.errors import UsageError

if TYPE_CHECKING:
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
else:
    try:
        import httptools  # noqa: F401  # uvicorn's quick parser, and what the class below is about
        import uvicorn
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError as error:
        raise UsageError(
            f"pyiismod serve needs uvicorn and httptools, and there is no {error.name}.",
            hint="Run: pip install 'pyiismod[serve]'",
        ) from None

__all__ = ["is_loopback", "listen", "run", "url_of"]

_PATIENCE = 5  # seconds for requests that are under way when it ends


class _Protocol(HttpToolsProtocol):
    """Tells the application how to cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]  # our own extension


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: it cannot be had there.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        hint = "Choose another port with --port (0 takes any that is free), or an address of this computer with --host."
        raise UsageError(f"Nothing can listen at {host} port {port}: {why}.", hint=hint) from None


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def url_of(listening: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(app: App | Callable[..., Any], listening: socket.socket) -> None:
    """Serve until somebody interrupts it (Ctrl-C, SIGTERM); then let the requests that are under way end.

    It has to be called on the main thread, which is the one that signals come to.
    """
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # the client is who is connected, whatever X-Forwarded-For says
        timeout_graceful_shutdown=_PATIENCE,
    )
    # uvicorn stops at a signal, and then raises it again for whoever was there before.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
