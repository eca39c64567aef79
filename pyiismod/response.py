"""The response that the client gets."""

from __future__ import annotations

from pyiismod.headers import Headers
from pyiismod.trace import Trace

__all__ = ["Response"]


class Response:
    """One response, and how it came about.

    Attributes:
        status: HTTP status code; 0 when a module suppressed the headers or cut the connection.
        substatus: IIS's own refinement of it (the ``.3`` of 404.3).
        reason: the reason phrase.
        headers: the header lines.
        content: the body, without its chunked framing, whoever made that.
        trace: what happened, from the first notification to the last Dispose.
        refused: calls that the host does not serve, as ``"Interface::Method"``, in order.
        connection: what became of it: ``"keep-alive"``, ``"close"`` or ``"reset"``.
        interim: status codes of interim responses, such as 100.
        log: what IIS's log would have, by the names of ``HTTP_LOG_FIELDS_DATA``: ``{"ClientIp": …}``; empty unless a
            module has asked for it.
    """

    def __init__(
        self,
        status: int,
        substatus: int,
        reason: str,
        headers: Headers,
        content: bytes,
        trace: Trace,
        refused: tuple[str, ...],
        connection: str = "keep-alive",
        interim: tuple[int, ...] = (),
        log: dict[str, str | int] | None = None,
    ) -> None:
        self.status = status
        self.substatus = substatus
        self.reason = reason
        self.headers = headers
        self.content = content
        self.trace = trace
        self.refused = refused
        self.connection = connection
        self.interim = interim
        self.log = log or {}

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}, {len(self.content)} bytes>"

    def __eq__(self, other: object) -> bool:
        """Whether a client would see the same: everything but the Date, and but how it came about."""
        return isinstance(other, Response) and self._seen() == other._seen()

    def __hash__(self) -> int:
        return hash((self.status, self.content))

    def _seen(self) -> tuple[object, ...]:
        lines = [(name.lower(), value) for name, value in self.headers.lines() if name.lower() != "date"]
        return self.status, self.substatus, self.reason, lines, self.content, self.connection, self.interim

    @property
    def text(self) -> str:
        """The body as text, by the charset of Content-Type, else UTF-8; undecodable bytes are replaced."""
        _, _, charset = self.headers.get("Content-Type", "").lower().partition("charset=")
        try:
            return self.content.decode(charset.partition(";")[0].strip(" \"'") or "utf-8", "replace")
        except (LookupError, ValueError):  # no such charset, or one that is no charset
            return self.content.decode("utf-8", "replace")
