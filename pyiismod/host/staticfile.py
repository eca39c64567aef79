"""https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests

One static file as the answer, as StaticFileModule gives it: validators, conditions, ranges. A file that is held in
memory is copied into the response, any other goes by its handle and is read when it is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyiismod.host._abi import ffi
from pyiismod.host.dates import unix_time
from pyiismod.host.fileinfo import FileInfo

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_RANGE = re.compile(r"[ \t]*(\d{0,18})-(\d{0,18})[ \t]*")
_BOUNDARY = "byteranges-of-one-static-file"

Ranges = list[tuple[int, int]]
"""(start, size) of each."""


class StaticFile:
    """An open file on its way into the response.

    Args:
        exchange: the request.
        file: what it asks for; held by the request.
        kind: its media type.
    """

    def __init__(self, exchange: Exchange, file: FileInfo, kind: str) -> None:
        self._exchange = exchange
        self._response = exchange.response
        self._file = file
        self._kind = kind

    def answer(self) -> None:
        """Answer a GET or HEAD, on its conditions."""
        if not self._matches():
            self._response.fail(412)
            return
        self._set(b"ETag", self._file.etag)
        self._set(b"Last-Modified", self._file.last_modified)
        self._set(b"Accept-Ranges", b"bytes")
        if not self._is_modified():
            self._response.respond(304)
            return
        ranges = self._ranges()
        if ranges is None:
            self._set(b"Content-Type", self._kind.encode())
            self._append(0, self._file.size)
        elif not ranges:
            self._response.fail(416)
            self._set(b"Content-Range", f"bytes */{self._file.size}".encode())
        else:
            self._response.respond(206)
            self._append_ranges(ranges)

    def _append_ranges(self, ranges: Ranges) -> None:
        if len(ranges) == 1:
            self._set(b"Content-Type", self._kind.encode())
            self._set(b"Content-Range", self._content_range(*ranges[0]).encode())
            self._append(*ranges[0])
            return
        self._set(b"Content-Type", f"multipart/byteranges; boundary={_BOUNDARY}".encode())
        for start, size in ranges:
            head = f"--{_BOUNDARY}\r\nContent-Type: {self._kind}\r\nContent-Range: {self._content_range(start, size)}"
            self._response.chunks.append(f"{head}\r\n\r\n".encode())
            self._append(start, size)
            self._response.chunks.append(b"\r\n")
        self._response.chunks.append(f"--{_BOUNDARY}--\r\n".encode())

    def _content_range(self, start: int, size: int) -> str:
        return f"bytes {start}-{start + size - 1}/{self._file.size}"

    def _append(self, start: int, size: int) -> None:
        if buffer := self._file.GetFileBuffer():
            self._response.chunks.append(ffi.buffer(ffi.cast("char *", buffer) + start, size)[:])
        elif size:
            self._response.chunks.append_file(self._file.GetFileHandle(), start, size)

    def _set(self, name: bytes, value: bytes) -> None:
        self._response.headers.set(name, value, replace=True)

    # --- what the request says

    def _matches(self) -> bool:
        """Return whether this is the file that the client wants to get only (If-Match, If-Unmodified-Since)."""
        if (tags := self._header(b"If-Match")) is not None:
            return self._is_tagged(tags, is_strong=True)
        since = self._since(b"If-Unmodified-Since")
        return since is None or self._file.modified <= since

    def _is_modified(self) -> bool:
        """Return whether the client has not got it yet (If-None-Match, If-Modified-Since)."""
        if (tags := self._header(b"If-None-Match")) is not None:
            return not self._is_tagged(tags, is_strong=False)
        since = self._since(b"If-Modified-Since")
        return since is None or self._file.modified > since

    def _is_tagged(self, tags: str, *, is_strong: bool) -> bool:
        listed = [tag.strip() for tag in tags.split(",")]
        wanted = self._file.etag.decode()
        return "*" in listed or wanted in (listed if is_strong else [tag.removeprefix("W/") for tag in listed])

    def _ranges(self) -> Ranges | None:
        """Return the ranges that are there, or None for the whole file: without a wish, or with one that is none."""
        wish = self._header(b"Range")
        if wish is None or self._exchange.request.method != b"GET" or not self._is_same():
            return None
        unit, _, listed = wish.partition("=")
        if unit.strip().lower() != "bytes":
            return None
        found: Ranges = []
        for text in listed.split(","):
            bounds = _RANGE.fullmatch(text)
            if bounds is None or not (bounds[1] or bounds[2]):
                return None
            if not bounds[1]:
                size = min(int(bounds[2]), self._file.size)
                start = self._file.size - size
            else:
                start = int(bounds[1])
                end = int(bounds[2]) if bounds[2] else self._file.size - 1
                if end < start and bounds[2]:
                    return None
                size = min(end + 1, self._file.size) - start
            if size > 0:
                found.append((start, size))
        return found

    def _is_same(self) -> bool:
        """Return whether the client has a part of this very file (If-Range)."""
        known = self._header(b"If-Range")
        if known is None or known == self._file.etag.decode():
            return True
        return unix_time(known) == self._file.modified

    def _since(self, name: bytes) -> int | None:
        text = self._header(name)
        return None if text is None else unix_time(text.partition(";")[0].strip())

    def _header(self, name: bytes) -> str | None:
        value: Any = self._exchange.request.headers.get(name)
        return None if value is None else value.decode("latin-1").strip()
