"""A handler outside of this process: what it does with a request that no module has handled, as a module would.

It reads the body that modules have left, sets status and headers, and writes; so READ_ENTITY and SEND_RESPONSE modules
are told, and buffering is that of any response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.http import REASONS
from pyiismod.host import nested
from pyiismod.host._abi import ffi

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


def read(exchange: Exchange, size: int) -> bytes:
    """Wait for the next piece of the request's body and return it; b"" at its end.

    Raises:
        ClientGone: the client went away before it sent that.
    """
    buffer = ffi.new("char[]", size)
    got = nested.read_entity(exchange, buffer, exchange.request.body.read(buffer, size), size)
    return bytes(ffi.buffer(buffer, got))


def answer(exchange: Exchange, status: int, reason: str, headers: list[tuple[str, str]]) -> None:
    """Set status and headers."""
    exchange.response.respond(status, reason or REASONS.get(status, ""))
    for name, value in headers:
        exchange.response.headers.set(name.encode("latin-1"), value.encode("latin-1"), replace=False)


def write(exchange: Exchange, data: bytes) -> bool:
    """Add to the body; return whether the client is still there."""
    exchange.response.chunks.append(data)
    exchange.written(more=True)
    return not exchange.outgoing.aborted
