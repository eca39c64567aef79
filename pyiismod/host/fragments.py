"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-addfragmenttocache-method

The fragment cache of http.sys: named pieces of responses, which modules add once and send by name (fact sheet 5.4).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.enums import HTTP_DATA_CHUNK_TYPE
from pyiismod.host._abi import ffi

_TO_END = 0xFFFFFFFFFFFFFFFF
NAMED = (
    HTTP_DATA_CHUNK_TYPE.HttpDataChunkFromFragmentCache,
    HTTP_DATA_CHUNK_TYPE.HttpDataChunkFromFragmentCacheEx,
)
"""Types of the chunks that name a fragment."""


class Fragments:
    """Fragments by name. Names are compared as they are."""

    def __init__(self) -> None:
        self._fragments: dict[str, bytes] = {}

    def add(self, name: str, data: bytes) -> None:
        """Add or replace a fragment."""
        self._fragments[name] = data

    def get(self, name: str) -> bytes | None:
        """Return a fragment, or None."""
        return self._fragments.get(name)

    def remove(self, name: str) -> bool:
        """Remove a fragment; return whether there was one."""
        return self._fragments.pop(name, None) is not None

    def clear(self) -> None:
        """Remove all fragments."""
        self._fragments.clear()

    def of_chunk(self, chunk: Any) -> bytes | None:
        """Return the bytes that an ``HTTP_DATA_CHUNK`` of one of the :data:`NAMED` types stands for, or None."""
        if chunk.DataChunkType == HTTP_DATA_CHUNK_TYPE.HttpDataChunkFromFragmentCache:
            named = chunk.FromFragmentCache
            name = ffi.unpack(named.pFragmentName, named.FragmentNameLength // 2) if named.pFragmentName else ""
            return self.get(str(name))
        named = chunk.FromFragmentCacheEx
        data = self.get(str(ffi.string(named.pFragmentName))) if named.pFragmentName else None
        start, length = named.ByteRange.StartingOffset.QuadPart, named.ByteRange.Length.QuadPart
        return None if data is None else data[start:] if length == _TO_END else data[start : start + length]
