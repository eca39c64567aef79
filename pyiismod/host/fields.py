"""Reads and writes fields of native structs as bytes, many at a time: one step where cffi needs one for each field.

Offsets and sizes are asked of cffi, so they are declared once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any

from pyiismod.host._abi import ffi

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Fields:
    """A run of fields of a struct, as bytes."""

    def __init__(self, ctype: str, *paths: str) -> None:
        code = "<"
        self.start = at = ffi.offsetof(ctype, *paths[0].split("."))
        for path in paths:
            names = path.split(".")
            kind = ffi.typeof(ctype)
            for name in names:
                kind = dict(kind.fields)[name].type
            offset, size = ffi.offsetof(ctype, *names), ffi.sizeof(kind)
            code += f"{offset - at}x{_CODES[size]}"
            at = offset + size
        self.code, self.end = code[1:], at
        self._pack_into = Struct(code).pack_into
        self._whole = f"{self.start}x{code[1:]}{ffi.sizeof(ctype) - at}x"

    def write(self, target: bytearray, *values: int, at: int = 0) -> None:
        """Write the values in the order of the fields; what lies between becomes 0, the struct begins at ``at``."""
        self._pack_into(target, at + self.start, *values)

    def read(self, array: Any, count: int) -> tuple[int, ...]:
        """Return the fields of ``count`` structs in a buffer, one after the other."""
        return _many(self._whole, count).unpack_from(array)


def together(*parts: tuple[int, Fields]) -> Callable[..., bytes]:
    """Return what packs the values of several structs at once.

    Args:
        parts: where each struct begins, and its fields; in ascending order.
    """
    code, at = "<", 0
    for start, fields in parts:
        code += f"{start + fields.start - at}x{fields.code}"
        at = start + fields.end
    return Struct(code).pack


@lru_cache(maxsize=64)
def _many(code: str, count: int) -> Struct:
    return Struct("<" + count * code)


KNOWN_HEADER = Fields("HTTP_KNOWN_HEADER", "RawValueLength", "pRawValue")
UNKNOWN_HEADER = Fields("HTTP_UNKNOWN_HEADER", "NameLength", "RawValueLength", "pName", "pRawValue")
UNKNOWN_HEADER_SIZE = ffi.sizeof("HTTP_UNKNOWN_HEADER")
