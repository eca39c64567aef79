"""A request as it came over the wire, and the answer as the client gets it: plain data, no native memory."""

from __future__ import annotations

from itertools import count

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
        has_connection: whether there is a client at all.
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
        self.has_connection = has_connection
        self.request_id = next(_request_ids)
        self.connection_id = next(_connection_ids)

    @property
    def size(self) -> int:
        """Bytes on the wire, request line and headers included."""
        head = len(self.method) + len(self.url.target) + 12
        return head + sum(len(name) + len(value) + 4 for name, value in self.headers) + 2 + len(self.body)


class Outgoing:
    """What has been sent to the client so far.

    Attributes:
        started: whether the status line and headers have left.
        ended: whether the last part was sent; nothing follows.
        aborted: whether the connection was cut before that.
        has_body: whether this status and method let a body through.
        status: 0 as long as no status line has left.
        body: the parts of the body, as sent.
    """

    def __init__(self) -> None:
        self.started = False
        self.ended = False
        self.aborted = False
        self.has_body = True
        self.status = 0
        self.substatus = 0
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []

    def abort(self) -> None:
        """Cut the connection; what has left stays with the client. Nothing happens after the end."""
        self.aborted = self.aborted or not self.ended
        self.ended = True
