"""Bytes of a PE file addressed as the loader would map them: :class:`View`."""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from pyiismod.inspection.image import Headers

_HEADER_PAGE: Final = 0x1000


class OutOfFile(Exception):
    """An address or size in the file points to where the file has nothing; ends as one of ``Image.problems``."""


class View(msgspec.Struct, frozen=True):
    """``data`` is the whole file; all addresses are RVAs."""

    data: bytes
    headers: Headers

    def _extent(self, rva: int) -> tuple[int, int]:
        """Return the file offsets of ``rva`` and of the end of what is mapped with it."""
        for section in self.headers.sections:
            if section.rva <= rva < section.rva + section.raw_size:
                return section.offset + rva - section.rva, section.offset + section.raw_size
        first = min((section.rva for section in self.headers.sections), default=_HEADER_PAGE)
        if 0 < rva < first:
            return rva, first
        raise OutOfFile(f"the address 0x{rva:X} lies outside of the file")

    def read(self, rva: int, size: int) -> bytes:
        """Return exactly ``size`` bytes."""
        start, end = self._extent(rva)
        found = self.data[start : min(start + size, end)]
        if len(found) != size:
            raise OutOfFile(f"{size:,} bytes at 0x{rva:X} reach beyond what the file has")
        return found

    def array(self, rva: int, count: int, code: str) -> tuple[int, ...]:
        """Return ``count`` little-endian numbers of the :mod:`struct` type ``code``."""
        if not count:
            return ()
        layout = struct.Struct(f"<{count}{code}")
        return layout.unpack(self.read(rva, layout.size))

    def string(self, rva: int, limit: int, encoding: str = "ascii") -> str:
        """Return the zero-terminated string at ``rva``, cut at ``limit`` bytes; odd bytes appear as ``\\xNN``."""
        start, end = self._extent(rva)
        found = self.data[start : min(start + limit, end)]
        return found.partition(b"\0")[0].decode(encoding, "backslashreplace")
