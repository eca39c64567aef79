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
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.response import Response

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_NO_BODY = (204, 304)


def send(exchange: Exchange, more: bool) -> int:
    """Move the response's chunks to the client, the headers first; return the bytes of body that left."""
    outgoing, response = exchange.outgoing, exchange.response
    parts = response.chunks.parts()
    if not outgoing.started:
        size = sum(part.size for part in parts)
        _begin(outgoing, response, exchange.arrived, exchange.request.method, size, more)
    before = outgoing.size
    if outgoing.has_body:
        try:
            for part in parts:
                for piece in part:
                    if outgoing.aborted:
                        break
                    outgoing.write(piece)
        except handles.Unreadable as error:
            exchange.timeline.violation(f"a file of the response cannot be read: {error}")
            outgoing.abort()
    response.chunks.sent()
    if not more and not outgoing.ended:
        _end(exchange)
    return outgoing.size - before


def _begin(outgoing: Outgoing, response: Response, incoming: Incoming, method: bytes, size: int, more: bool) -> None:
    status = response.status
    outgoing.has_body = outgoing.is_opaque or (method != b"HEAD" and _allows_body(status))
    outgoing.keeps_alive = _wants_more(incoming) and not response.needs_disconnect
    if response.headers_suppressed:
        outgoing.keeps_alive = False  # nothing says where the body ends
    else:
        outgoing.status, outgoing.substatus = status, response.substatus
        outgoing.reason = response.reason.decode("latin-1")
        outgoing.headers = _headers(outgoing, response, incoming, size, more)
    outgoing.begin()


def _end(exchange: Exchange) -> None:
    outgoing = exchange.outgoing
    outgoing.ended = True
    if exchange.response.needs_disconnect:
        outgoing.keeps_alive = False
    if outgoing.has_body and outgoing.promised is not None and outgoing.size != outgoing.promised:
        outgoing.keeps_alive = False
        exchange.timeline.violation(
            f"the response says Content-Length: {outgoing.promised} and has {outgoing.size} bytes of body"
        )


def _allows_body(status: int) -> bool:
    return status >= 200 and status not in _NO_BODY


def _wants_more(incoming: Incoming) -> bool:
    """Return whether the client would send another request on this connection."""
    tokens = ",".join(value for name, value in incoming.headers if name.lower() == "connection").lower()
    return "close" not in tokens if incoming.version >= (1, 1) else "keep-alive" in tokens


def _headers(
    outgoing: Outgoing, response: Response, incoming: Incoming, size: int, more: bool
) -> list[tuple[str, str]]:
    own = response.headers
    if response.status == 101:
        own.delete(b"Connection")  # http.sys takes that of an unknown line only
    length, coding = own.get(b"Content-Length"), own.get(b"Transfer-Encoding")
    closing = b"close" in (own.get(b"Connection") or b"").lower()
    framed = bool(length or coding) or not _allows_body(response.status)
    is_http_1_1 = incoming.version >= (1, 1)
    if not framed and more and is_http_1_1:
        own.set(b"Transfer-Encoding", b"chunked", replace=True)
    if closing or (not framed and more and not is_http_1_1):
        outgoing.keeps_alive = False
    if length and length.isdigit() and not coding:
        outgoing.promised = int(length)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in own.items() if value]
    present = {name.lower() for name, _ in headers}
    if "date" not in present:
        headers.append(("Date", http_date(int(time()))))
    if "connection" not in present:
        if not outgoing.keeps_alive:
            headers.append(("Connection", "close"))
        elif not is_http_1_1:
            headers.append(("Connection", "keep-alive"))
    if not framed and not more:
        headers.append(("Content-Length", str(size)))
    return headers
