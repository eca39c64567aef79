"""The response on its way to the client: what http.sys adds to the headers, and the framing of the body.

The order of the lines is that of http.sys: known headers by id, then the others as they were added, then what it adds
itself: Date, Connection, Content-Length. A body of unknown length is chunked for HTTP/1.1; for HTTP/1.0 its end is the
end of the connection. What a module says itself of length and framing stays as it is (fact sheet 5.3).
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

from pyiismod.host import handles
from pyiismod.host.dates import http_date
from pyiismod.host.headers import Headers
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.response import Response
from pyiismod.rules.body import BAD_CHUNK, WRONG_LENGTH

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_NO_BODY = (204, 304)
_SMALL = 64 << 10  # bytes of a body that come with its head


def send(exchange: Exchange, more: bool) -> int:
    """Move the response's chunks to the client, the headers first; return the bytes of body that left."""
    outgoing, response = exchange.outgoing, exchange.response
    parts = response.chunks.parts()
    if not outgoing.started:
        size = 0
        for part in parts:
            size += part.size
        _begin(outgoing, response, exchange.arrived, exchange.request.method, size, more)
    before = outgoing.size
    if outgoing.has_body:
        try:
            for part in parts:
                for piece in part:
                    if outgoing.aborted:
                        break
                    if not outgoing.write(piece):
                        exchange.lose_client()
        except handles.Unreadable as error:
            exchange.timeline.violation(BAD_CHUNK, f"a file of the response cannot be read: {error}")
            outgoing.abort()
    response.chunks.sent(more=more)
    if not more and not outgoing.ended:
        _end(exchange)
    return outgoing.size - before


def _begin(outgoing: Outgoing, response: Response, incoming: Incoming, method: bytes, size: int, more: bool) -> None:
    status = response.status
    outgoing.has_body = outgoing.is_opaque or (method != b"HEAD" and _allows_body(status))
    outgoing.keeps_alive = incoming.keeps_alive and not response.needs_disconnect
    if response.headers_suppressed:
        outgoing.keeps_alive = False  # nothing says where the body ends
    else:
        outgoing.status, outgoing.substatus = status, response.substatus
        outgoing.reason = response.reason.decode("latin-1")
        outgoing.headers = _headers(outgoing, response, incoming, size, more)
    outgoing.is_whole = not more and size <= _SMALL
    outgoing.begin()


def _end(exchange: Exchange) -> None:
    outgoing = exchange.outgoing
    outgoing.ended = True
    if exchange.response.needs_disconnect:
        outgoing.keeps_alive = False
    if outgoing.has_body and outgoing.promised is not None and outgoing.size != outgoing.promised:
        outgoing.keeps_alive = False
        exchange.timeline.violation(
            WRONG_LENGTH, f"the response says Content-Length: {outgoing.promised} and has {outgoing.size} bytes of body"
        )


def _allows_body(status: int) -> bool:
    return status >= 200 and status not in _NO_BODY


def _headers(
    outgoing: Outgoing, response: Response, incoming: Incoming, size: int, more: bool
) -> list[tuple[str, str]]:
    own, status = response.headers, response.status
    if status == 101:
        own.delete(b"Connection")  # http.sys takes that of an unknown line only
    headers, present = _lines(own)
    length = present.get(b"content-length")
    is_framed = length is not None or b"transfer-encoding" in present or not _allows_body(status)
    is_http_1_1 = incoming.version >= (1, 1)
    if not is_framed and more and is_http_1_1:
        own.set(b"Transfer-Encoding", b"chunked", replace=True)
        headers, present = _lines(own)
    if b"close" in present.get(b"connection", b"").lower() or (not is_framed and more and not is_http_1_1):
        outgoing.keeps_alive = False
    if length is not None and length.isdigit() and b"transfer-encoding" not in present:
        outgoing.promised = int(length)
    if b"date" not in present:
        headers.append(("Date", http_date(int(time()))))
    if b"connection" not in present and (not is_http_1_1 or not outgoing.keeps_alive):
        headers.append(("Connection", "keep-alive" if outgoing.keeps_alive else "close"))
    if not is_framed and not more:
        headers.append(("Content-Length", str(size)))
    return headers


def _lines(own: Headers) -> tuple[list[tuple[str, str]], dict[bytes, bytes]]:
    """Return the lines that are not empty as text, and lower-case name → value."""
    lines, present = [], {}
    for name, value in own.items():
        if value:
            lines.append((name.decode("latin-1"), value.decode("latin-1")))
            present[name.lower()] = value
    return lines, present
