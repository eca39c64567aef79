"""Writes fields of native structs into bytes, many at a time: one step where cffi needs one for each field.

Offsets and sizes are asked of cffi, so they are declared once.
"""

from __future__ import annotations

from struct import Struct

from pyiismod.host._abi import ffi

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Fields:
    """Writes a run of fields of a struct into bytes; what lies between them becomes 0."""

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
        self._pack_into = Struct(code).pack_into

    def write(self, target: bytearray, *values: int, at: int = 0) -> None:
        """Write the values in the order of the fields; the struct begins at ``at``."""
        self._pack_into(target, at + self.start, *values)


UNKNOWN_HEADER = Fields("HTTP_UNKNOWN_HEADER", "NameLength", "RawValueLength", "pName", "pRawValue")
UNKNOWN_HEADER_SIZE = ffi.sizeof("HTTP_UNKNOWN_HEADER")
