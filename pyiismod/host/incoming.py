"""A request as it came over the wire, and the answer as the client gets it: plain data, no native memory."""

from __future__ import annotations

from itertools import count
from typing import Protocol

from pyiismod.host.url import Url
from pyiismod.host.user import Account

_request_ids = count(0x8000_0000_8000_0001)
_connection_ids = count(0xF800_0000_F800_0001)


class Incoming:
    """One request.

    Args:
        method: the verb, ASCII.
        url: where it goes.
        headers: (name, value) in order, latin-1 text.
        body: the entity.
        remote, local: (address, port) of both ends, IPv4 or IPv6.
        version: (major, minor) of HTTP.
        account: the client's credentials, which IIS accepts; None for none.
        connection: name of the connection that carries it, and others of that name; "" for one of its own.
        certificate: the client's, DER; empty for none.
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
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.remote = remote
        self.local = local
        self.version = version
        self.account = account
        self.connection = connection
        self.certificate = certificate
        self.request_id = next(_request_ids)
        self.connection_id = next(_connection_ids)

    @property
    def size(self) -> int:
        """Bytes on the wire, request line and headers included."""
        head = len(self.method) + len(self.url.target) + 12
        return head + sum(len(name) + len(value) + 4 for name, value in self.headers) + 2 + len(self.body)


class Client(Protocol):
    """Somebody who takes the answer while it is made."""

    def begin(self, answer: Outgoing) -> None:
        """The status line and headers have come."""

    def receive(self, data: memoryview) -> bool:
        """A piece of the body has come, which lives for this call; wait until there is room for it.

        Returns:
            False when the client has gone.
        """


class Outgoing:
    """What has been sent to the client so far.

    Args:
        client: who takes it at once; None for gathering it here.

    Attributes:
        started: whether the status line and headers have left.
        ended: whether the last part was sent; nothing follows.
        aborted: whether the connection was cut before that.
        has_body: whether this status and method let a body through.
        is_opaque: whether what follows is no HTTP any more (``HTTP_SEND_RESPONSE_FLAG_OPAQUE``).
        keeps_alive: whether the connection may carry another request.
        interim: status codes of the interim responses that came first.
        status: 0 as long as no status line has left.
        size: bytes of the body that have left.
        promised: what Content-Length says; None where nothing does.
        body: the parts of the body, as sent, unless a client takes them.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client
        self.started = False
        self.ended = False
        self.aborted = False
        self.has_body = True
        self.is_opaque = False
        self.keeps_alive = True
        self.interim: list[int] = []
        self.size = 0
        self.promised: int | None = None
        self.status = 0
        self.substatus = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []

    @property
    def connection(self) -> str:
        """What became of the connection: ``"keep-alive"``, ``"close"`` or ``"reset"``."""
        return "reset" if self.aborted else "keep-alive" if self.keeps_alive else "close"

    def begin(self) -> None:
        """The head is complete: it leaves."""
        self.started = True
        if self._client is not None:
            self._client.begin(self)

    def write(self, data: memoryview) -> None:
        """A piece of the body leaves."""
        self.size += len(data)
        if self._client is None:
            self.body.append(bytes(data))
        elif not self._client.receive(data):
            self.abort()

    def abort(self) -> None:
        """Cut the connection; what has left stays with the client. Nothing happens after the end."""
        self.aborted = self.aborted or not self.ended
        self.ended = True
