"""The version resource (``VS_VERSIONINFO``): company, product, file version … as text.

Source: https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo. Only the first language of the first resource
is read, which is what Explorer shows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from pyiismod.inspection.view import OutOfFile, View

RESOURCE: Final = 2
_RT_VERSION: Final = 16
_MAX_ENTRIES: Final = 512
_MAX_SIZE: Final = 64 << 10
_SUBDIRECTORY: Final = 0x80000000
_FIXED_SIGNATURE: Final = 0xFEEF04BD


def version_strings(view: View) -> Mapping[str, str]:
    """Return the string table, plus ``"FixedFileVersion"`` (``"1.2.3.4"``) of the binary part; empty if there is none.

    Raises:
        OutOfFile: the resource tree points outside of the file.
    """
    root, _ = view.headers.directory(RESOURCE)
    found: dict[str, str] = {}
    block = _version_resource(view, root) if root else b""
    for key, value, is_text in _nodes(block, 0, len(block)):
        if key == "VS_VERSION_INFO" and len(value) >= 16 and struct.unpack_from("<I", value)[0] == _FIXED_SIGNATURE:
            high, low = struct.unpack_from("<II", value, 8)
            found["FixedFileVersion"] = f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
        elif is_text and value:
            found[key] = value.decode("utf-16-le", "replace").partition("\0")[0].strip()
    return MappingProxyType(found)


def _version_resource(view: View, root: int) -> bytes:
    offset: int | None = _child(view, root, root, _RT_VERSION)
    for _ in range(2):
        if offset is None or not offset & _SUBDIRECTORY:
            return b""
        offset = _child(view, root, root + (offset & ~_SUBDIRECTORY), None)
    if offset is None or offset & _SUBDIRECTORY:
        return b""
    rva, size, _, _ = struct.unpack("<IIII", view.read(root + offset, 16))
    return view.read(rva, min(size, _MAX_SIZE))


def _child(view: View, root: int, directory: int, wanted: int | None) -> int | None:
    """Return the offset field of the entry with the id ``wanted``, or of the first entry."""
    named, numbered = struct.unpack("<12xHH", view.read(directory, 16))
    count = named + numbered
    if count > _MAX_ENTRIES:
        raise OutOfFile(f"a resource directory claims {count:,} entries")
    entries = view.array(directory + 16, 2 * count, "I")
    for entry_id, offset in zip(entries[::2], entries[1::2], strict=True):
        if wanted in (None, entry_id):
            return offset
    return None


def _nodes(block: bytes, start: int, end: int, depth: int = 0) -> Iterator[tuple[str, bytes, bool]]:
    """Yield ``(key, value, is_text)`` of every node, parents first: VS_VERSIONINFO is a tree of one node layout."""
    while start + 6 < end and depth < 4:
        length, value_length, kind = struct.unpack_from("<HHH", block, start)
        stop = min(start + length, end)
        if length <= 6:
            return
        key_end = start + 6
        while key_end + 2 <= stop and block[key_end : key_end + 2] != b"\0\0":
            key_end += 2
        key = block[start + 6 : key_end].decode("utf-16-le", "replace")
        value_start = (key_end + 2 + 3) & ~3
        value_end = min(value_start + value_length * (2 if kind == 1 else 1), stop)
        yield key, block[value_start:value_end], kind == 1
        yield from _nodes(block, (value_end + 3) & ~3, stop, depth + 1)
        start = (stop + 3) & ~3
