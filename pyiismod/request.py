"""What the user asks for, checked: a URL, a method, headers and a body become one command for the worker.

Everything wrong is said here, before anything is sent, with the limits that http.sys has.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from pyiismod.content import Content, ContentTypes, encoded
from pyiismod.errors import UsageError
from pyiismod.worker.protocol import SCHEDULES, Fire, User

__all__ = ["HeaderTypes", "UserTypes", "build", "check_schedule", "user_of"]

HeaderTypes = Mapping[str, str] | Iterable[tuple[str, str]]
UserTypes = str | tuple[str, str] | User
"""Whom IIS has authenticated: a name, (name, password) of Basic authentication, or all that there is to say."""

LONGEST = 0xFFFF
"""Bytes of a URL, a header's name or its value, at most: native code counts them in a USHORT."""

_LONGEST_COOKED = 0x7FFF
"""Characters of a URL with its origin: ``HTTP_COOKED_URL`` counts the bytes of UTF-16 in a USHORT."""

_AUTHORITY = re.compile(r"""(\[[0-9A-Fa-f:.]+\]|[^\s"#/:<>?@\[\\\]^`{|}]+)(?::([0-9]{0,5}))?""")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HTTP_VERSIONS = {"1.0": (1, 0), "1.1": (1, 1)}
_UNSAFE = "".join(map(chr, range(0x21, 0x7F)))  # visible ASCII stays as it is; the rest is escaped


def build(
    method: str,
    url: str,
    *,
    headers: HeaderTypes | None = None,
    content: ContentTypes | Content | None = None,
    remote: tuple[str, int] = ("127.0.0.1", 50000),
    record: bool = True,
    http_version: str = "1.1",
    short_reads: int | None = None,
    disconnect_after: int | None = None,
    stream: bool = False,
    asks: bool = False,
    schedule: str | int = "threaded",
    user: UserTypes | None = None,
    connection: str = "",
    certificate: bytes = b"",
) -> Fire:
    """Return the command for one request, with ``id`` 0.

    Args:
        method: the verb, sent as it is.
        url: ``http://host[:port]/path?query``, or only ``/path?query`` on ``localhost``.
        headers: in order; Host and Content-Length (or Transfer-Encoding) are added when they are missing.
        content: the entity body; text is sent as UTF-8.
        remote: address and port of the client, IPv4 or IPv6.
        record: whether calls are written down.
        http_version: ``"1.1"`` or ``"1.0"``.
        short_reads: seed for the sizes of what modules read of the body; None for as much as fits.
        disconnect_after: byte of the body after which the client goes away; None for a client that stays.
        stream: whether the response flows.
        asks: whether there is a handler on our side.
        schedule: when completions are delivered: ``"threaded"``, ``"inline"``, ``"early"`` or a seed.
        user: who makes it, authenticated; None for nobody.
        connection: name of the connection that carries it, and others of that name; "" for one of its own.
        certificate: the client's, DER; empty for none.

    Raises:
        UsageError: with what is wrong and how it should look.
    """
    scheme, authority, target = _split(url)
    body = content if isinstance(content, Content) else Content(content)
    if http_version not in _HTTP_VERSIONS:
        raise UsageError(f"There is no HTTP version {http_version!r} here.", hint="Write '1.1' or '1.0'.")
    if disconnect_after is not None and disconnect_after < 0:
        raise UsageError(f"A client cannot go away after {disconnect_after} bytes.")
    if not isinstance(connection, str) or len(connection) > LONGEST:
        raise UsageError(f"{connection!r} is no name of a connection.", hint='Write connection="one", for example.')
    if not isinstance(certificate, bytes):
        raise UsageError(f"A client certificate is bytes in DER, not {type(certificate).__name__}.")
    lines = [_header(name, value) for name, value in _pairs(headers)]
    present = _sizes(lines)
    if "host" not in present:
        lines.insert(0, ("Host", authority))
    else:
        authority = _authority(next(value for name, value in lines if name.lower() == "host") or authority)
    if not present.keys() & {"content-length", "transfer-encoding"}:
        if body.size is not None:
            lines.append(("Content-Length", str(body.size)))
        elif body.rest is not None:
            lines.append(("Transfer-Encoding", "chunked"))
    if len(lines) > LONGEST:
        raise UsageError(f"There are {len(lines)} header lines; native code counts to {LONGEST}.")
    _check_address(remote)
    check_schedule(schedule)
    port = _port_of(scheme, authority)
    length = len(f"{scheme}://{authority.removesuffix(f':{port}')}:{port}{target}")
    if length > _LONGEST_COOKED:
        raise UsageError(f"The URL is {length} characters long with its origin; at most {_LONGEST_COOKED} fit.")
    local = ("::1" if ":" in remote[0] else "127.0.0.1", port)
    return Fire(
        *(0, _method(method), scheme, authority, target, lines, body.first, remote, local),
        user=user_of(user),
        schedule=schedule,
        record=record,
        more=body.rest is not None,
        stream=stream,
        asks=asks,
        version=_HTTP_VERSIONS[http_version],
        short_reads=short_reads,
        disconnect_after=disconnect_after,
        connection=connection,
        certificate=certificate,
    )


def check_schedule(schedule: str | int) -> None:
    """Make sure that completions can be delivered so.

    Raises:
        UsageError: with the schedules that there are.
    """
    is_seed = type(schedule) is int and 0 <= schedule < 1 << 63
    if not is_seed and schedule not in SCHEDULES:
        raise UsageError(
            f"{schedule!r} is no schedule for completions.", hint=f"Use {', '.join(SCHEDULES)} or a number as a seed."
        )


def user_of(user: UserTypes | None) -> User | None:
    """Return the credentials that were given in short.

    Raises:
        UsageError: they are nothing of the kind.
    """
    if user is None or isinstance(user, User):
        return user
    if isinstance(user, str):
        return User(user)
    if isinstance(user, tuple) and len(user) == 2 and all(isinstance(each, str) for each in user):
        return User(*user)
    raise UsageError(f"{user!r} is no user.", hint='Write "alice", ("alice", "password") or pyiismod.User(…).')


def _method(method: str) -> str:
    if not _TOKEN.fullmatch(method):
        raise UsageError(
            f"{method!r} is not an HTTP method.", hint="A method is one word, such as GET, POST or PROPFIND."
        )
    if len(method) > LONGEST:
        raise UsageError(f"The HTTP method is {len(method)} bytes long; native code counts to {LONGEST}.")
    return method


def _split(url: str) -> tuple[str, str, str]:
    if _CONTROL.search(url):
        raise UsageError(f"The URL {url!r} has control characters in it.", hint="Escape them, as %0A for example.")
    if url.startswith("/"):
        scheme, authority, rest = "http", "localhost", url
    else:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise UsageError(f"{url!r} is not a URL: {error}.", hint=_EXAMPLE) from None
        if parts.scheme not in ("http", "https"):
            raise UsageError(f"{url!r} is neither an http: nor an https: URL nor a path.", hint=_EXAMPLE)
        if not parts.hostname:
            raise UsageError(f"The URL {url!r} names no host.", hint=_EXAMPLE)
        scheme, authority = parts.scheme, _authority(parts.netloc.rpartition("@")[2])
        rest = url[url.index("//") + 2 + len(parts.netloc) :]
    target = quote(encoded(rest.partition("#")[0], "The URL"), safe=_UNSAFE)
    if not target.startswith("/"):
        target = "/" + target
    if len(target) > LONGEST:
        raise UsageError(f"The URL is {len(target)} bytes long; http.sys takes {LONGEST} at most.")
    return scheme, authority, target


_EXAMPLE = "Write http://localhost/path?query, or only /path?query."


def _authority(text: str) -> str:
    """Return host and port as http.sys takes them: the host in ASCII, no colon without a port."""
    parts = _AUTHORITY.fullmatch(text)
    if parts is None or int(parts[2] or 0) > 0xFFFF:
        raise UsageError(f"{text!r} is no host.", hint=_EXAMPLE)
    try:
        host = parts[1] if parts[1].isascii() else parts[1].encode("idna").decode()
    except UnicodeError:
        raise UsageError(f"{text!r} is no host.", hint=_EXAMPLE) from None
    return f"{host}:{parts[2]}" if parts[2] else host


def _port_of(scheme: str, authority: str) -> int:
    parts = _AUTHORITY.fullmatch(authority)
    return int(parts[2]) if parts and parts[2] else 443 if scheme == "https" else 80


def _check_address(address: tuple[str, int]) -> None:
    name, port = address
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in name else socket.AF_INET, name)
    except (OSError, ValueError):
        port = -1
    if not 0 <= port <= 0xFFFF:
        raise UsageError(
            f"{address!r} is no client address.", hint='Write it as ("192.0.2.1", 50000) or ("2001:db8::1", 50000).'
        )


def _pairs(headers: HeaderTypes | None) -> Iterable[tuple[str, str]]:
    if headers is None:
        return ()
    return headers.items() if isinstance(headers, Mapping) else headers


def _sizes(lines: list[tuple[str, str]]) -> dict[str, int]:
    """Return lower-case name → bytes of its values: http.sys joins the values of a repeated name."""
    sizes: dict[str, int] = {}
    for name, value in lines:
        size = sizes[name.lower()] = sizes.get(name.lower(), -2) + 2 + len(value)
        if size > LONGEST:
            raise UsageError(f"The header {name[:40]} is {size} bytes long; native code counts to {LONGEST} (64 KiB).")
    return sizes


def _header(name: str, value: str) -> tuple[str, str]:
    if not _TOKEN.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a header name.", hint="A header is written 'Name: value', and a name is one word."
        )
    value = value.strip(" \t")
    if _CONTROL.search(value):
        raise UsageError(f"The value of the header {name} has control characters in it: {value!r}.")
    if len(name) > LONGEST:
        raise UsageError(f"The header name {name[:40]}… is {len(name)} bytes long; native code counts to {LONGEST}.")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        # As browsers and curl send it: the bytes of UTF-8.
        value = encoded(value, f"The value of the header {name}").decode("latin-1")
    return name, value
