"""A request as it came over the wire, and the answer as the client gets it: plain data, no native memory."""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from pyiismod.host.framing import Dechunker
from pyiismod.host.url import Url
from pyiismod.host.user import Account

_request_ids = count(0x8000_0000_8000_0001)
_connection_ids = count(0xF800_0000_F800_0001)


Wanted = Callable[[], bool]
"""Says whether the result of a wait is still wanted; whoever changes its answer has to wake the one that waits."""


def always() -> bool:
    """It is wanted, whatever happens."""
    return True


class ClientGone(Exception):
    """The client has closed the connection before its body was complete."""


class GivenUp(Exception):
    """What was waited for is not wanted any more."""


class Rest(Protocol):
    """What the client still sends of a body."""

    def read(self, is_wanted: Wanted = always) -> bytes:
        """Wait for the next piece and return it; b"" at the end.

        Raises:
            ClientGone: the rest will never come.
            GivenUp: it is not wanted any more; nothing is lost.
        """

    def wake(self) -> None:
        """Have a read that waits ask whether it is still wanted."""


class _Limited:
    """A rest that ends before its own end, or where the client goes away.

    Args:
        rest: what comes; None for nothing.
        left: bytes of it that are let through; the client goes away behind them.
        is_promised: whether fewer are too few.
    """

    def __init__(self, rest: Rest | None, left: int, is_promised: bool) -> None:
        self._rest = rest
        self._left = left
        self._is_promised = is_promised

    def read(self, is_wanted: Wanted = always) -> bytes:
        data = self._rest.read(is_wanted)[: self._left] if self._rest is not None and self._left else b""
        self._left -= len(data)
        if not data and (self._is_promised or not self._left):
            raise ClientGone
        return data

    def wake(self) -> None:
        if self._rest is not None:
            self._rest.wake()


class Incoming:
    """One request.

    Args:
        method: the verb, ASCII.
        url: where it goes.
        headers: (name, value) in order, latin-1 text.
        body: the entity, or what has arrived of it with the headers.
        remote, local: (address, port) of both ends, IPv4 or IPv6.
        version: (major, minor) of HTTP.
        account: the client's credentials, which IIS accepts; None for none.
        connection: name of the connection that carries it, and others of that name; "" for one of its own.
        certificate: the client's, DER; empty for none.
        has_connection: whether there is a client at all.
        rest: the rest of the entity; None when ``body`` is all of it.
        short_reads: seed for the sizes of reads; None for as much as fits.
        handler: answers for an ``Exchange`` what no module has; None for the static content.
        disconnect_after: byte of the entity after which the client goes away; None for a client that stays.

    Attributes:
        declared: bytes of the entity by Content-Length; None for a chunked one.
        keeps_alive: whether the client would send another request on this connection.
        expects_continue: whether the client waits for a 100 before it sends the entity.
    """

    def __init__(
        self,
        method: str,
        url: Url,
        headers: list[tuple[str, str]],
        body: bytes = b"",
        *,
        remote: tuple[str, int] = ("127.0.0.1", 50000),
        local: tuple[str, int] = ("127.0.0.1", 80),
        version: tuple[int, int] = (1, 1),
        account: Account | None = None,
        connection: str = "",
        certificate: bytes = b"",
        has_connection: bool = True,
        rest: Rest | None = None,
        short_reads: int | None = None,
        disconnect_after: int | None = None,
        handler: Callable[[Any], None] | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        fields = {name.lower(): value for name, value in headers}
        self.expects_continue = "expect" in fields and fields["expect"].lower() == "100-continue"
        self.declared = _length(fields, None if rest is not None else len(body))
        wish = fields["connection"].lower() if "connection" in fields else ""
        self.keeps_alive = "close" not in wish if version >= (1, 1) else "keep-alive" in wish
        self.short_reads = short_reads
        self.handler = handler
        self.body, self.rest = body, rest
        if rest is not None or disconnect_after is not None or self.declared != len(body):
            self._limit_body(disconnect_after)
        self.remote = remote
        self.local = local
        self.version = version
        self.account = account
        self.connection = connection
        self.certificate = certificate
        self.has_connection = has_connection
        self.request_id = next(_request_ids)
        self.connection_id = next(_connection_ids)

    def _limit_body(self, disconnect_after: int | None) -> None:
        """Let through what the headers promise, or what comes before the client goes away."""
        body, rest = self.body, self.rest
        limit, is_cut = self.declared, rest is None and len(body) < (self.declared or 0)
        if disconnect_after is not None and (limit is None or disconnect_after < limit):
            limit, is_cut = disconnect_after, is_cut or disconnect_after < len(body)
        self.body = body if limit is None else body[:limit]
        if limit is not None and (rest is not None or is_cut):
            self.rest = _Limited(rest, limit - len(self.body), self.declared is not None)

    @property
    def size(self) -> int:
        """Bytes on the wire, request line and headers included."""
        head = len(self.method) + len(self.url.target) + 12
        return head + sum(len(name) + len(value) + 4 for name, value in self.headers) + 2 + len(self.body)


def _length(fields: dict[str, str], known: int | None) -> int | None:
    """Return what lower-case headers say of a body's length; None for a chunked one."""
    if "transfer-encoding" in fields and "chunked" in fields["transfer-encoding"].lower():
        return None
    text = fields.get("content-length")
    return known if text is None or not text.isdecimal() or len(text) >= 19 else int(text)


class Client(Protocol):
    """Somebody who takes the answer while it is made."""

    def begin(self, answer: Outgoing) -> None:
        """The status line and headers have come."""

    def receive(self, data: memoryview, is_wanted: Wanted = always) -> bool:
        """A piece of the body has come, which lives for this call; wait until there is room for it.

        Returns:
            False when the client has gone.

        Raises:
            GivenUp: the rest of it is not wanted any more.
        """

    left: Callable[[], None] | None
    """Called once when the client goes away before the end; must not wait."""

    def wake(self) -> None:
        """Have whoever waits for room ask whether that is still wanted."""


class Line:
    """Parts of a response on their way to a client that takes them one after the other, as fast as it likes.

    Each leaves when somebody drains the line up to it: the call that sent it, or its completion, on whatever thread.
    """

    def __init__(self) -> None:
        self._waiting: deque[Leaving] = deque()
        self._leaving = allocate_lock()

    def put(self, part: Leaving) -> None:
        """Let a part stand behind the others."""
        self._waiting.append(part)

    def drain(self, last: Leaving | None = None) -> None:
        """Let the parts up to ``last`` leave, or all; wait for the client, and for other threads that do the same."""
        with self._leaving:
            while (last is None or not last.is_over) and self._waiting:
                self._waiting.popleft().leave()


class Leaving(Protocol):
    """A part of a response."""

    is_over: bool

    def leave(self) -> None:
        """Go to the client; wait until it has taken everything."""


class Outgoing:
    """What has been sent to the client so far.

    Args:
        client: who takes it at once; None for gathering it here.

    Attributes:
        started: whether the status line and headers have left.
        ended: whether the last part is on its way; nothing follows.
        is_complete: whether it has left.
        line: what is on its way to a client that takes it at once; None when it is gathered here.
        aborted: whether the connection was cut before that.
        has_body: whether this status and method let a body through.
        is_opaque: whether what follows is no HTTP any more (``HTTP_SEND_RESPONSE_FLAG_OPAQUE``).
        keeps_alive: whether the connection may carry another request.
        interim: status codes of the interim responses that came first.
        status: 0 as long as no status line has left.
        size: bytes of the body that have left.
        is_whole: whether all of it leaves at once, and it is small.
        promised: what Content-Length says; None where nothing does.
        framing: takes a module's own framing off, as the client does; None where http.sys frames.
        body: the parts of the body, as sent, unless a client takes them.
        log: what the request is logged with, if a module has asked for that; by the names of ``HTTP_LOG_FIELDS_DATA``.
    """

    started = ended = is_complete = aborted = is_whole = is_opaque = False
    has_body = keeps_alive = True
    size = status = substatus = 0
    reason = ""
    promised: int | None = None
    framing: Dechunker | None = None

    def __init__(self, client: Client | None = None) -> None:
        self._client = client
        self.line = Line() if client is not None else None
        self.interim: list[int] = []
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []
        self.log: dict[str, str | int] = {}

    @property
    def connection(self) -> str:
        """What became of the connection: ``"keep-alive"``, ``"close"`` or ``"reset"``."""
        return "reset" if self.aborted else "keep-alive" if self.keeps_alive else "close"

    def invite(self, request: Incoming) -> None:
        """The body of a request is wanted: a client that waits for a 100 gets it."""
        if request.expects_continue and not self.interim and not self.started:
            self.interim.append(100)

    def begin(self) -> None:
        """The head is complete: it leaves."""
        self.started = True
        if self._client is not None:
            self._client.begin(self)

    def write(self, data: bytes | memoryview, is_wanted: Wanted = always) -> bool:
        """A piece of the body leaves; a ``memoryview`` lives for this call. Return whether the client took it.

        Raises:
            GivenUp: the rest of it is not wanted any more.
        """
        self.size += len(data)
        if self.framing is not None:
            data = self.framing.feed(data)
        if self._client is not None:
            return self._client.receive(memoryview(data), is_wanted)
        self.body.append(bytes(data))
        return True

    def abort(self) -> None:
        """Cut the connection; what has left stays with the client. Nothing happens after the end."""
        self.aborted = self.aborted or not self.is_complete
        self.ended = True
        self.wake()

    def wake(self) -> None:
        """Have whoever waits for the client ask whether that is still wanted."""
        if self._client is not None:
            self._client.wake()
