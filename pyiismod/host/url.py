"""A URL as http.sys understands it: the raw target as sent, and the cooked (canonical, decoded) form.

http.sys unescapes the path, reads it as UTF-8 (falling back to the ANSI code page), turns backslashes into slashes and
resolves dot segments; the query stays as it was sent (fact sheet 5.11, ``CookedUrl``).
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_to_bytes


class Url:
    """One request URL. Nothing of it changes.

    Args:
        scheme: ``"http"`` or ``"https"``.
        authority: what the Host header says, with or without a port.
        target: origin form as sent: path and query, ASCII with percent escapes or raw bytes as latin-1 text.

    Attributes:
        path: the canonical, decoded path.
        query: from ``?`` on, or ``""``.
        host: the name without port; IPv6 literals keep their brackets.
        port: the port as a number.
    """

    def __init__(self, scheme: str, authority: str, target: str) -> None:
        self.scheme = scheme
        self.authority = authority
        self.target = target
        raw_path, mark, query = target.partition("?")
        self.query = mark + query
        self.path = canonical(raw_path)
        name, colon, port = authority.rpartition(":")
        if colon and port.isdecimal() and not name.endswith(":"):
            self.host, self.port = name, int(port)
        else:
            self.host, self.port = authority, 443 if scheme == "https" else 80

    @property
    def origin(self) -> str:
        """``scheme://host:port``, the port always there, as http.sys builds it."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def absolute(self, url: str) -> str:
        """Return ``url`` with what it lacks of this one: the origin, and the folder when it is no absolute path."""
        if "://" in url.partition("?")[0]:
            return url
        folder = "" if url.startswith("/") else self.target.partition("?")[0].rpartition("/")[0] + "/"
        return f"{self.scheme}://{self.authority}{folder}{url}"

    @property
    def full(self) -> str:
        """The cooked URL."""
        return self.origin + self.path + self.query

    def with_target(self, target: str) -> Url:
        """Return the same origin with another path and query."""
        return parsed(self.scheme, self.authority, target)


parsed = lru_cache(maxsize=128)(Url)
"""Return a :class:`Url`; those of tests come again and again."""


def canonical(raw_path: str) -> str:
    """Return the decoded path with its dot segments resolved; a trailing slash stays."""
    unescaped = unquote_to_bytes(raw_path.encode("latin-1", "replace"))
    try:
        return resolved(unescaped.decode("utf-8"))
    except UnicodeDecodeError:
        return resolved(unescaped.decode("latin-1"))


def resolved(path: str) -> str:
    """Return a decoded path with slashes for backslashes and without dot segments; nothing leads above the root."""
    kept: list[str] = []
    segments = path.replace("\\", "/").split("/")
    for segment in segments[1:] if segments[0] == "" else segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
