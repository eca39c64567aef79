"""What a clone of a request starts with, as the ``CLONE_FLAG_*`` say (fact sheet 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.constants import (
    CLONE_FLAG_BASICS,
    CLONE_FLAG_HEADERS,
    CLONE_FLAG_NO_DAV,
    CLONE_FLAG_NO_PRECONDITION,
)
from pyiismod.host.incoming import Incoming

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.request import Request

_PRECONDITIONS = (b"range", b"if-")
_DAV = frozenset({b"dav", b"depth", b"destination", b"if", b"lock-token", b"overwrite", b"timeout", b"translate"})


def cloned(parent: Exchange, flags: int) -> Incoming:
    """Return the request that a clone starts with; without BASICS it is GET of the root (unconfirmed)."""
    theirs, request = parent.incoming, parent.request
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in (request.headers.items() if flags & CLONE_FLAG_HEADERS else ())
        if not (flags & CLONE_FLAG_NO_PRECONDITION and name.lower().startswith(_PRECONDITIONS))
        and not (flags & CLONE_FLAG_NO_DAV and name.lower() in _DAV)
    ]
    incoming = Incoming(
        request.method.decode("latin-1") if flags & CLONE_FLAG_BASICS else "GET",
        request.url if flags & CLONE_FLAG_BASICS else request.url.with_target("/"),
        headers,
        remote=theirs.remote,
        local=theirs.local,
        version=theirs.version,
        account=theirs.account,
        certificate=theirs.certificate,
        handler=theirs.handler,
    )
    incoming.declared, incoming.rest = 0, None  # the body is the parent's
    incoming.connection_id, incoming.request_id = theirs.connection_id, theirs.request_id
    return incoming


def share_body(mine: Request, theirs: Request) -> None:
    """Read from the parent's body: there is one, and who reads takes it from everyone (fact sheet 5.2)."""
    raw = mine.raw  # its own body is made with it
    mine.body = theirs.body
    raw.pEntityChunks, raw.EntityChunkCount = theirs.raw.pEntityChunks, theirs.raw.EntityChunkCount
    raw.Flags = theirs.raw.Flags
