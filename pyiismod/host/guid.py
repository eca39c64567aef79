"""GUIDs between native memory and text."""

from __future__ import annotations

from typing import Any

from pyiismod.host._abi import ffi


def guid_text(pointer: Any) -> str:
    """Return the GUID at ``pointer`` as lower-case text without braces."""
    data = bytes(ffi.buffer(ffi.cast("char *", pointer), 16))
    first, second, third = (int.from_bytes(data[a:b], "little") for a, b in ((0, 4), (4, 6), (6, 8)))
    return f"{first:08x}-{second:04x}-{third:04x}-{data[8:10].hex()}-{data[10:].hex()}"


def guid_bytes(number: int) -> bytes:
    """Return a GUID made of a 64-bit number; its version is 8, which RFC 9562 leaves to whoever makes it."""
    return bytes(4) + b"\0\0" + b"\0\x80" + b"\x80\0" + (number & 0xFFFFFFFFFFFF).to_bytes(6, "big")
