"""https://www.rfc-editor.org/rfc/rfc9112

Raw HTTP/1.1 as it was on the wire: one request or several, one after the other.
"""

from __future__ import annotations

import re

from pyiismod.errors import UsageError
from pyiismod.replay.recorded import Recorded, framed_anew

__all__ = ["read"]

_LINE = re.compile(rb"(\S+) (\S+)(?: HTTP/(\d\.\d))?")


def read(data: bytes, name: str) -> list[Recorded]:
    """Return the requests of a file.

    Args:
        data: the file; lines may end in CR LF or in LF.
        name: of it, for messages.

    Raises:
        UsageError: something in it is no request.
    """
    found: list[Recorded] = []
    rest = data.lstrip(b"\r\n")
    while rest:
        request, rest = _request(rest, f"{name} request {len(found) + 1}")
        found.append(request)
        rest = rest.lstrip(b"\r\n")
    return found


def _request(data: bytes, place: str) -> tuple[Recorded, bytes]:
    end = re.search(rb"\r?\n\r?\n", data)
    head, rest = (data[: end.start()], data[end.end() :]) if end else (data.rstrip(b"\r\n"), b"")
    first, *lines = re.split(rb"\r?\n", head)
    matched = _LINE.fullmatch(first.strip())
    if matched is None:
        shown = first[:80].decode("latin-1")
        raise UsageError(f"{place} does not begin with a request line: {shown!r}.", hint="Write GET /path HTTP/1.1.")
    headers = []
    for line in lines:
        key, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise UsageError(f"{place} has a header without a colon: {key!r}.")
        headers.append((key.strip(), value.strip()))
    fields = {key.lower(): value for key, value in headers}
    if "chunked" in fields.get("transfer-encoding", "").lower():
        content, rest = _chunks(rest, place)
    else:
        length = fields.get("content-length", "0")
        if not length.isdecimal():
            raise UsageError(f"{place} has the Content-Length {length!r}, which is no number.")
        content, rest = rest[: int(length)], rest[int(length) :]
    target = matched[2].decode("latin-1")
    request = Recorded(
        matched[1].decode("latin-1"),
        target,
        framed_anew(headers),
        content or None,
        "1.0" if matched[3] in (None, b"1.0") else "1.1",
        place=place,
    )
    return request, rest


def _chunks(data: bytes, place: str) -> tuple[bytes, bytes]:
    """Return a chunked body, and what follows it."""
    content = b""
    while True:
        line, _, data = data.partition(b"\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise UsageError(f"{place} has a chunk without a size: {line[:40].decode('latin-1')!r}.") from None
        if size == 0:
            end = re.search(rb"(?:^|\n)\r?\n", data)
            return content, data[end.end() :] if end else b""
        content, data = content + data[:size], data[size:].lstrip(b"\r").removeprefix(b"\n")
