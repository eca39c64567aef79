"""A PE file as the loader would lay it out in memory, for readers of code and tables: :class:`Mapped`.

All addresses are RVAs; pointers in the file are absolute and become RVAs on the way out. What lies outside of the file
reads as nothing, never as an error: those who read here follow pointers that may be anything.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from pyiismod.inspection.image import Image, Section

_MAX_STRING: Final = 1024
SEARCHED: Final = 16 << 20
"""Bytes of a file in which texts and tables are looked for; a module has a few megabytes."""

_SCANNED: Final = 256 << 20
"""Bytes that all searches for pointers together may look at, so that no file makes them take long."""


class Mapped:
    """The bytes of ``image``, found by address.

    Attributes:
        image: the same file, read.
        data: the whole file.
        base: preferred address.
        pointer_size: 4 or 8 bytes.
    """

    def __init__(self, image: Image, data: bytes) -> None:
        self.image = image
        self.data = data
        self.base = image.headers.image_base
        self.pointer_size = 8 if image.is_64 else 4
        self._sections = sorted(image.headers.sections, key=lambda section: section.rva)
        self._starts = [section.rva for section in self._sections]
        self._pointer = struct.Struct("<Q" if image.is_64 else "<I")
        self._blocks = list(self.data_sections())
        self._scanned = 0

    def section(self, rva: int) -> Section | None:
        """Return the section that holds ``rva``."""
        index = bisect_right(self._starts, rva) - 1
        if index < 0:
            return None
        section = self._sections[index]
        return section if section.contains(rva) else None

    def is_code(self, rva: int) -> bool:
        """Whether instructions of the file lie at ``rva``."""
        section = self.section(rva)
        return section is not None and section.is_executable and rva < section.rva + section.raw_size

    def read(self, rva: int, size: int) -> bytes:
        """Return up to ``size`` bytes at ``rva``; fewer, or none, where the file ends."""
        section = self.section(rva)
        if section is None:
            return b""
        end = min(rva + size, section.rva + section.raw_size)
        return self.data[section.offset + rva - section.rva : section.offset + max(end, rva) - section.rva]

    def initial(self, rva: int, size: int) -> int | None:
        """Return the number that memory at ``rva`` starts with: zero where the section is longer than its data."""
        section = self.section(rva)
        if section is None:
            return None
        return int.from_bytes(self.read(rva, size), "little")

    def pointer(self, rva: int) -> int | None:
        """Return the RVA that the pointer at ``rva`` points to, or None if it points out of the image."""
        found = self.read(rva, self.pointer_size)
        if len(found) != self.pointer_size:
            return None
        return self.rva(self._pointer.unpack(found)[0])

    def rva(self, address: int) -> int | None:
        """Return the RVA of an absolute address, or None if it is not in the image."""
        rva = address - self.base
        return rva if 0 < rva < self.image.headers.size_of_image else None

    def string(self, rva: int) -> str:
        """Return the printable text at ``rva``, UTF-16 or ASCII, or ``""``."""
        raw = self.read(rva, _MAX_STRING)
        if raw[1:2] == b"\0" and raw[:1] != b"\0":
            end = next((at for at in range(0, len(raw) - 1, 2) if raw[at : at + 2] == b"\0\0"), len(raw) & ~1)
            text = raw[:end].decode("utf-16-le", "replace")
        else:
            text = raw.partition(b"\0")[0].decode("latin-1")
        return text if text.isprintable() or text.rstrip("\r\n").isprintable() else ""

    def data_sections(self) -> Iterator[tuple[int, bytes]]:
        """Yield RVA and bytes of each section that holds no code (or, as some linkers do, code and data together)."""
        left = SEARCHED
        for section in self._sections:
            if section.raw_size and (not section.is_executable or not self._has_data()):
                block = self.data[section.offset : section.offset + min(section.raw_size, left)]
                left -= len(block)
                yield section.rva, block

    def _has_data(self) -> bool:
        return any(section.raw_size and not section.is_executable for section in self._sections)

    def find(self, wanted: bytes, *, limit: int = 4096, step: int = 1) -> Iterator[int]:
        """Yield the RVAs of ``wanted`` in data sections, multiples of ``step`` only, ``limit`` at most."""
        for rva, block in self._blocks:
            if self._scanned > _SCANNED:
                return
            self._scanned += len(block)
            at = block.find(wanted)
            while at >= 0 and limit > 0:
                if (rva + at) % step == 0:
                    limit -= 1
                    yield rva + at
                at = block.find(wanted, at + 1)

    def pointers_to(self, rva: int) -> Iterator[int]:
        """Yield the RVAs of aligned pointers to ``rva`` in data sections, 256 at most."""
        return self.find(
            self._pointer.pack((self.base + rva) & ((1 << 8 * self.pointer_size) - 1)),
            limit=256,
            step=self.pointer_size,
        )

    def code_runs(self, least: int) -> Iterator[tuple[int, list[int]]]:
        """Yield RVA and targets of each run of at least ``least`` aligned pointers to code in data sections."""
        for start, block in self.data_sections():
            skip = -start % self.pointer_size
            usable = (len(block) - skip) // self.pointer_size * self.pointer_size
            run: list[int] = []
            at = start + skip
            for (address,) in self._pointer.iter_unpack(block[skip : skip + usable]):
                rva = address - self.base
                if 0 < rva < self.image.headers.size_of_image and self.is_code(rva):
                    run.append(rva)
                else:
                    if len(run) >= least:
                        yield at - len(run) * self.pointer_size, run
                    run = []
                at += self.pointer_size
            if len(run) >= least:
                yield at - len(run) * self.pointer_size, run
