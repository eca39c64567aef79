"""The chunks of a response: ``HTTP_DATA_CHUNK`` structs in native memory, which modules may edit in place.

A written memory chunk is copied, because modules free theirs right after the call (fact sheet 5.3 and section 8); one
added by reference is not. The array is ours as long as ``pEntityChunks`` points to it: a module may put its own there.
"""

from __future__ import annotations

from typing import Any

from pyiismod.host._abi import ffi
from pyiismod.host.memory import RequestPool

MOST = 65534
"""Chunks of one response: http.sys counts in a USHORT, and 65535 fails in practice."""

FROM_MEMORY = 0


class EntityChunks:
    """View of the chunk array of an ``HTTP_RESPONSE``.

    Args:
        raw: the response; must outlive this object.
        pool: where copies go.
    """

    def __init__(self, raw: Any, pool: RequestPool) -> None:
        self._raw = raw
        self._pool = pool
        self._array = ffi.NULL
        self._capacity = 0

    def __len__(self) -> int:
        return int(self._raw.EntityChunkCount)

    def copy(self, chunk: Any) -> Any:
        """Return a private copy of a memory chunk, its data included."""
        mine = self._pool.zeroed("HTTP_DATA_CHUNK")
        size = chunk.FromMemory.BufferLength
        data = self._pool.allocate(size)
        ffi.memmove(data, chunk.FromMemory.pBuffer, size)
        mine.DataChunkType = FROM_MEMORY
        mine.FromMemory.pBuffer, mine.FromMemory.BufferLength = data, size
        return mine

    def insert(self, chunk: Any, position: int) -> None:
        """Put the struct itself (not what it points to) into the array at ``position``."""
        raw, count, size = self._raw, len(self), ffi.sizeof("HTTP_DATA_CHUNK")
        if count >= self._capacity or raw.pEntityChunks != self._array:
            self._capacity = max(8, count * 2)
            grown = self._pool.zeroed("HTTP_DATA_CHUNK", self._capacity)
            if count:
                ffi.memmove(grown, raw.pEntityChunks, count * size)
            raw.pEntityChunks = self._array = grown
        if position < count:
            ffi.memmove(self._array + position + 1, self._array + position, (count - position) * size)
        ffi.memmove(self._array + position, ffi.cast("HTTP_DATA_CHUNK *", chunk), size)
        raw.EntityChunkCount = count + 1

    def clear(self) -> None:
        """Forget all chunks."""
        self._raw.EntityChunkCount = 0

    def size(self) -> int:
        """Return the bytes in all memory chunks."""
        return sum(chunk.FromMemory.BufferLength for chunk in self._memory())

    def take(self) -> bytes:
        """Return the data of all chunks and forget them."""
        data = b"".join(
            bytes(ffi.buffer(chunk.FromMemory.pBuffer, chunk.FromMemory.BufferLength)) for chunk in self._memory()
        )
        self.clear()
        return data

    def _memory(self) -> list[Any]:
        chunks = [self._raw.pEntityChunks[i] for i in range(len(self))]
        return [c for c in chunks if c.DataChunkType == FROM_MEMORY and c.FromMemory.BufferLength]
