"""The fixed part of a PE file, read the way the Windows loader does: all there, or :class:`Damaged` says what is not.

The loader refuses a file whose headers or section data reach beyond its end; so does :func:`parse_headers`, naming the
part and the two sizes. It needs only ``struct`` and so can judge a bad file before anything else is imported.
"""

from __future__ import annotations

import struct
from typing import Final

from pyiismod.inspection.image import MACHINE_ARM64, MACHINE_X64, MACHINE_X86, MACHINES, Headers, Section

MAX_SECTIONS: Final = 96
"""The loader's documented limit."""

_DOS_HEADER_SIZE: Final = 64
_COFF_HEADER: Final = struct.Struct("<HHIIIHH")
_SECTION: Final = struct.Struct("<8s6I2HI")
_DOS_STUB_TEXT: Final = (b"DOS mode", b"under Win32", b"Win64")
_MAGIC_PE32, _MAGIC_PE32_PLUS = 0x10B, 0x20B
_OTHER_EXECUTABLES: Final = {
    b"NE": "a 16-bit Windows program or DLL (NE)",
    b"LE": "a Windows 9x driver (VxD)",
    b"LX": "an OS/2 program",
    b"W3": "a Windows 9x driver collection (VMM32)",
}


class Damaged(Exception):
    """The bytes are no PE image that could be loaded: a finding on its way to ``InvalidImage``, which knows the path.

    ``kind`` is a stable word, ``details`` has plain values.
    """

    def __init__(self, kind: str, text: str, hint: str, **details: int | str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.hint = hint
        self.details = details


_COPY_AGAIN: Final = "Build, copy or download the file again; compare its size or sha256 with the original."


def _require(data: bytes, end: int, part: str) -> None:
    if end > len(data):
        raise Damaged(
            "truncated",
            f"the PE file is truncated: {part} is missing or cut off. "
            f"It needs {end:,} bytes and the file has {len(data):,}.",
            _COPY_AGAIN,
            missing=part,
            needs=end,
            has=len(data),
        )


def parse_headers(data: bytes) -> Headers:
    """Read DOS, COFF and optional header and the section table of ``data``, which starts with ``MZ``.

    Raises:
        Damaged: something is cut off or contradicts itself, or it is another kind of ``MZ`` file.
    """
    _require(data, _DOS_HEADER_SIZE, "the DOS header")
    start: int = struct.unpack_from("<I", data, 0x3C)[0]
    _require_signature(data, start)
    coff = start + 4
    _require(data, coff + _COFF_HEADER.size, "the COFF file header")
    machine, count, timestamp, _, _, optional_size, characteristics = _COFF_HEADER.unpack_from(data, coff)
    optional = coff + _COFF_HEADER.size
    _require(data, optional + optional_size, "the optional header")
    table = optional + optional_size
    is_64 = _is_pe32_plus(data, optional, optional_size, machine)
    if not 1 <= count <= MAX_SECTIONS:
        raise Damaged(
            "damaged",
            f"the PE file is damaged: its header claims {count:,} sections; the loader takes 1 to {MAX_SECTIONS}.",
            _COPY_AGAIN,
            sections=count,
        )
    _require(data, table + count * _SECTION.size, "the section table")
    sections = tuple(_section(data, table + index * _SECTION.size) for index in range(count))
    for section in sections:
        if section.offset and section.raw_size:
            _require(data, section.offset + section.raw_size, f"the data of section {section.name!r}")
    fixed = 112 if is_64 else 96
    directory_count = min(struct.unpack_from("<I", data, optional + fixed - 4)[0], (optional_size - fixed) // 8, 16)
    return Headers(
        machine=machine,
        timestamp=timestamp,
        characteristics=characteristics,
        is_64=is_64,
        linker_version=(data[optional + 2], data[optional + 3]),
        entry_point=struct.unpack_from("<I", data, optional + 16)[0],
        image_base=struct.unpack_from("<Q", data, optional + 24)[0]
        if is_64
        else struct.unpack_from("<I", data, optional + 28)[0],
        size_of_image=struct.unpack_from("<I", data, optional + 56)[0],
        subsystem=struct.unpack_from("<H", data, optional + 68)[0],
        dll_characteristics=struct.unpack_from("<H", data, optional + 70)[0],
        sections=sections,
        directories=tuple(
            struct.unpack_from("<II", data, optional + fixed + 8 * index) for index in range(directory_count)
        ),
    )


def _require_signature(data: bytes, start: int) -> None:
    if start + 4 > len(data):
        if any(text in data[_DOS_HEADER_SIZE:512] for text in _DOS_STUB_TEXT):
            _require(data, start + 4, "the PE header")
        raise Damaged(
            "dos",
            "it starts with MZ but has no PE header: it is an MS-DOS program, or the file is truncated or overwritten.",
            "Give the DLL that your linker wrote for Windows x64.",
            pe_header_offset=start,
        )
    if data[start : start + 4] == b"PE\0\0":
        return
    other = _OTHER_EXECUTABLES.get(data[start : start + 2], "an MS-DOS program, or its PE header was overwritten")
    raise Damaged(
        "dos",
        f"it starts with MZ but has no PE header (no PE\\0\\0 at offset 0x{start:X}): it is {other}.",
        "Give the DLL that your linker wrote for Windows x64.",
        pe_header_offset=start,
    )


def _is_pe32_plus(data: bytes, optional: int, optional_size: int, machine: int) -> bool:
    magic: int = struct.unpack_from("<H", data, optional)[0] if optional_size >= 2 else 0
    is_64 = magic == _MAGIC_PE32_PLUS
    if magic not in (_MAGIC_PE32, _MAGIC_PE32_PLUS):
        text = (
            f"the PE file is damaged: the magic number of its optional header is 0x{magic:04X}, not 0x010B or 0x020B."
        )
    elif optional_size < (112 if is_64 else 96):
        text = f"the PE file is damaged: its optional header has only {optional_size} bytes."
    elif (machine in (MACHINE_X64, MACHINE_ARM64) and not is_64) or (machine == MACHINE_X86 and is_64):
        text = (
            f"the PE file is damaged: its machine is {MACHINES[machine]}, "
            f"but its optional header is the {'64' if is_64 else '32'}-bit one."
        )
    else:
        return is_64
    raise Damaged("damaged", text, _COPY_AGAIN, magic=magic, optional_header_size=optional_size)


def _section(data: bytes, offset: int) -> Section:
    name, virtual_size, rva, raw_size, raw_offset, _, _, _, _, characteristics = _SECTION.unpack_from(data, offset)
    return Section(
        name=name.rstrip(b"\0").decode("ascii", "backslashreplace"),
        rva=rva,
        virtual_size=virtual_size,
        offset=raw_offset,
        raw_size=raw_size,
        characteristics=characteristics,
    )
