"""What ``--record`` keeps: every request with its response, written as HAR or as a ``.http`` file."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from pyiismod.errors import UsageError
from pyiismod.replay import har, httpfile
from pyiismod.replay.recorded import Recorded, Reply

__all__ = ["Recorder"]

_WRITERS = {".har": har.write, ".http": httpfile.write}
_LARGEST = 16 << 20

Message = MutableMapping[str, Any]


class Recorder:
    """Requests so far.

    Args:
        path: where :meth:`save` writes them; its name says how.

    Raises:
        UsageError: the name says something else, or nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in _WRITERS:
            raise UsageError(f"Cannot record to {path}: its name ends neither in .har nor in .http.")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"Cannot record to {path}: there is no folder {path.parent}.")
        self._path = path
        self._recorded: list[Recorded] = []

    def add(self, recorded: Recorded) -> None:
        """Keep one."""
        self._recorded.append(recorded)

    def save(self) -> None:
        """Write all of them.

        Raises:
            UsageError: that cannot be.
        """
        text = _WRITERS[self._path.suffix.lower()](self._recorded)
        try:
            self._path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"Cannot record to {self._path}: {error.strerror}.") from None

    def around(self, app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Return an ASGI application that does the same, and is recorded: bodies up to 16 MB."""

        async def recorded(scope: Any, receive: Any, send: Any) -> None:
            sent, got = bytearray(), bytearray()
            head: Message = {"status": 0, "headers": []}
            began, clock = time.time(), time.perf_counter()

            async def receiving() -> Message:
                message: Message = await receive()
                _keep(sent, message)
                return message

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    head.update(message)
                _keep(got, message)
                await send(message)

            try:
                await app(scope, receiving, sending)
            finally:
                lines = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"])
                answered = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head["headers"])
                reply = Reply(head["status"], "", answered, bytes(got)) if head["status"] else None
                self.add(
                    Recorded(
                        scope["method"],
                        _url(scope),
                        lines,
                        bytes(sent) or None,
                        scope["http_version"],
                        reply,
                        began=began,
                        seconds=time.perf_counter() - clock,
                    )
                )

        return recorded


def _keep(kept: bytearray, message: Message) -> None:
    if len(kept) < _LARGEST:
        kept += message.get("body", b"")[: _LARGEST - len(kept)]


def _url(scope: Any) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost").decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return f"{scope['scheme']}://{host}{path}" + (f"?{query}" if query else "")
