"""The response on its way to the client: what http.sys adds to the headers, and the framing of the body.

The order of the lines is that of http.sys: known headers by id, then the others as they were added, then what it adds
itself: Date, Connection, Content-Length. A body of unknown length is chunked for HTTP/1.1; for HTTP/1.0 its end is the
end of the connection. What a module says itself of length and framing stays as it is (fact sheet 5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING

from pyiismod.host import handles
from pyiismod.host.dates import http_date
from pyiismod.host.entity_chunks import Part
from pyiismod.host.errors import ERROR_CONNECTION_INVALID, ERROR_OPERATION_ABORTED, S_OK
from pyiismod.host.framing import Dechunker
from pyiismod.host.headers import Headers
from pyiismod.host.incoming import GivenUp, Incoming, Outgoing
from pyiismod.host.response import Response
from pyiismod.pipeline import Completion
from pyiismod.rules.body import BAD_CHUNK, WRONG_FRAMING, WRONG_LENGTH

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_NO_BODY = (204, 304)
_SMALL = 64 << 10  # bytes of a body that come with its head


def send(exchange: Exchange, more: bool) -> int:
    """Move the response's chunks to the client, the headers first; return the bytes of body that left."""
    outgoing, response = exchange.outgoing, exchange.response
    if outgoing.line is not None:
        return put(exchange, more).perform()[0]
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


def put(exchange: Exchange, more: bool) -> Sending:
    """Take the response's chunks, for a client that takes them at once; the headers leave, the body stands in line."""
    outgoing, response = exchange.outgoing, exchange.response
    parts, free = response.chunks.hand_over()
    if not outgoing.started:
        size = sum(part.size for part in parts)
        _begin(outgoing, response, exchange.arrived, exchange.request.method, size, more)
    outgoing.ended = outgoing.ended or not more
    sending = Sending(exchange, parts, free, is_last=not more)
    if outgoing.line is not None:
        outgoing.line.put(sending)
    return sending


class Sending:
    """The part of the body that one send takes to a client, as fast as the client takes it.

    Args:
        exchange: whose response it is.
        parts: what leaves.
        free: called behind that.
        is_last: whether the response ends with it.

    Attributes:
        completion: has it done, and may be cancelled; None for what is sent synchronously.
        is_over: whether it has left, or never will.
    """

    def __init__(self, exchange: Exchange, parts: list[Part], free: Callable[[], None], *, is_last: bool) -> None:
        self._exchange = exchange
        self._outgoing = exchange.outgoing
        self._parts = parts
        self._free = free
        self._is_last = is_last
        self._size = 0
        self.completion: Completion | None = None
        self.is_over = False

    def perform(self, completion: Completion | None = None) -> tuple[int, int]:
        """Let it leave, behind what stands in line before it; return bytes of body and HRESULT."""
        if self._outgoing.line is not None and not self.is_over:
            self._outgoing.line.drain(self)
        if self.completion is not None and not self.completion.is_wanted:
            return 0, ERROR_OPERATION_ABORTED
        return self._size, ERROR_CONNECTION_INVALID if self._outgoing.aborted else S_OK

    def _is_wanted(self) -> bool:
        return not self._outgoing.aborted and (self.completion is None or self.completion.is_wanted)

    def leave(self) -> None:
        """Go to the client; wait until it has taken everything. A send that is cut short resets the connection."""
        exchange, outgoing = self._exchange, self._outgoing
        try:
            self._write(exchange, outgoing)
        except handles.Unreadable as error:
            exchange.timeline.violation(BAD_CHUNK, f"a file of the response cannot be read: {error}")
            outgoing.abort()
        except GivenUp:
            outgoing.abort()
        finally:
            self._parts = []
            self._free()
            self.is_over = True
        if self._is_last and not outgoing.aborted:
            _end(exchange)

    def _write(self, exchange: Exchange, outgoing: Outgoing) -> None:
        before = outgoing.size
        for part in self._parts if outgoing.has_body else ():
            for piece in part:
                if outgoing.aborted:
                    return
                if not outgoing.write(piece, self._is_wanted):
                    exchange.lose_client()
        self._size = outgoing.size - before


def nothing(exchange: Exchange) -> Sending:
    """Return what a response that has ended still sends."""
    sending = Sending(exchange, [], lambda: None, is_last=False)
    sending.is_over = True
    return sending


def _begin(outgoing: Outgoing, response: Response, incoming: Incoming, method: bytes, size: int, more: bool) -> None:
    status = response.status
    allows_body = status >= 200 and status not in _NO_BODY
    outgoing.has_body = outgoing.is_opaque or (allows_body and method != b"HEAD")
    outgoing.keeps_alive = incoming.keeps_alive and not response.needs_disconnect
    if response.headers_suppressed:
        outgoing.keeps_alive = False  # nothing says where the body ends
    else:
        outgoing.status, outgoing.substatus = status, response.substatus
        outgoing.reason = response.reason.decode("latin-1")
        outgoing.headers = _headers(outgoing, response, incoming, size, more, allows_body)
    outgoing.is_whole = not more and size <= _SMALL
    outgoing.begin()


def _end(exchange: Exchange) -> None:
    outgoing = exchange.outgoing
    outgoing.ended = outgoing.is_complete = True
    if exchange.response.needs_disconnect:
        outgoing.keeps_alive = False
    if outgoing.framing is not None and (trouble := outgoing.framing.end()):
        outgoing.keeps_alive = False
        exchange.timeline.violation(WRONG_FRAMING, f"the response says Transfer-Encoding: chunked, but {trouble}")
    if outgoing.has_body and outgoing.promised is not None and outgoing.size != outgoing.promised:
        outgoing.keeps_alive = False
        exchange.timeline.violation(
            WRONG_LENGTH, f"the response says Content-Length: {outgoing.promised} and has {outgoing.size} bytes of body"
        )


def _headers(
    outgoing: Outgoing, response: Response, incoming: Incoming, size: int, more: bool, allows_body: bool
) -> list[tuple[str, str]]:
    own = response.headers
    if outgoing.status == 101:
        own.delete(b"Connection")  # http.sys takes that of an unknown line only
    headers, present = _lines(own)
    length, encoding = present.get(b"content-length"), present.get(b"transfer-encoding")
    wish = present.get(b"connection")
    is_framed = length is not None or encoding is not None or not allows_body
    is_http_1_1 = incoming.version >= (1, 1)
    if encoding is not None and b"chunked" in encoding.lower() and is_http_1_1 and outgoing.has_body:
        outgoing.framing = Dechunker()
    if not is_framed and more and is_http_1_1:
        own.set(b"Transfer-Encoding", b"chunked", replace=True)
        headers, present = _lines(own)
    if (wish is not None and b"close" in wish.lower()) or (not is_framed and more and not is_http_1_1):
        outgoing.keeps_alive = False
    if length is not None and length.isdigit() and b"transfer-encoding" not in present:
        outgoing.promised = int(length)
    if b"date" not in present:
        headers.append(("Date", http_date(int(time()))))
    if wish is None and (not is_http_1_1 or not outgoing.keeps_alive):
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
