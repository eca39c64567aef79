"""One request of a file, and what was answered when it was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Recorded", "Reply", "framed_anew"]


class Reply(NamedTuple):
    """What was answered.

    Attributes:
        status: 0 when there was none.
        content: None when it was not kept.
    """

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None


class Recorded(NamedTuple):
    """One request.

    Attributes:
        method: the verb.
        url: with its origin, or only a path.
        headers: in order; lengths and framing are left out where the body follows here.
        content: the entity body; None for none.
        http_version: ``"1.1"`` or ``"1.0"``.
        reply: what was answered then; None where the format does not say.
        place: where it stands, for people: ``"session.har entry 3"``.
        began: when, in seconds since 1970; 0 where the format does not say.
        seconds: how long it took.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    http_version: str = "1.1"
    reply: Reply | None = None
    place: str = ""
    began: float = 0.0
    seconds: float = 0.0


def framed_anew(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return header lines but for those that frame the body on the wire, and HTTP/2's own."""
    gone = ("content-length", "transfer-encoding")
    return tuple((name, value) for name, value in headers if name.lower() not in gone and not name.startswith(":"))
