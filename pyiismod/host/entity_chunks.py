"""The chunks of a response: ``HTTP_DATA_CHUNK`` structs in native memory, which modules may edit in place.

A written memory chunk is copied, because modules free theirs right after the call (fact sheet 5.3 and section 8); one
added by reference is not. The array is ours as long as ``pEntityChunks`` points to it: a module may put its own there.
"""

from __future__ import annotations

from typing import Any

from pyiismod.host._abi import ffi
from pyiismod.host.fragments import NAMED, Fragments
from pyiismod.host.memory import RequestPool
from pyiismod.host.trace import Timeline

MOST = 65534
"""Chunks of one response: http.sys counts in a USHORT, and 65535 fails in practice."""

FROM_MEMORY = 0


class EntityChunks:
    """View of the chunk array of an ``HTTP_RESPONSE``.

    Args:
        raw: the response; must outlive this object.
        pool: where copies go.
        timeline: of the request; chunks that cannot be sent are noted there.
        fragments: what chunks may name.

    Attributes:
        copied: bytes copied since the last send; what a module puts into the array itself is not counted.
    """

    def __init__(self, raw: Any, pool: RequestPool, timeline: Timeline, fragments: Fragments) -> None:
        self._raw = raw
        self._pool = pool
        self._timeline = timeline
        self._fragments = fragments
        self.copied = 0
        self._array = ffi.NULL
        self._capacity = 0

    def __len__(self) -> int:
        return int(self._raw.EntityChunkCount) if self._raw.pEntityChunks else 0

    def append_copy(self, chunk: Any) -> None:
        """Put a private copy of a chunk, the data of one in memory included, at the end."""
        mine = self._pool.zeroed("HTTP_DATA_CHUNK")
        if chunk.DataChunkType in NAMED:
            self._copy_named(chunk, mine)
            return
        size = chunk.FromMemory.BufferLength
        data = self._pool.allocate(size)
        ffi.memmove(data, chunk.FromMemory.pBuffer, size)
        mine.DataChunkType = FROM_MEMORY
        mine.FromMemory.pBuffer, mine.FromMemory.BufferLength = data, size
        self.insert(mine, len(self))
        self.copied += size

    def _copy_named(self, chunk: Any, mine: Any) -> None:
        mine[0] = chunk
        if chunk.DataChunkType == NAMED[0]:
            name = mine.FromFragmentCache
            text = str(ffi.unpack(name.pFragmentName, name.FragmentNameLength // 2)) if name.pFragmentName else ""
            name.pFragmentName = self._pool.wide(text)
        elif mine.FromFragmentCacheEx.pFragmentName:
            name = mine.FromFragmentCacheEx
            name.pFragmentName = self._pool.wide(str(ffi.string(name.pFragmentName)))
        self.insert(mine, len(self))

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
        self.copied = 0

    def take(self) -> bytes:
        """Return the data of all chunks and forget them."""
        parts = []
        for i in range(len(self)):
            chunk = self._raw.pEntityChunks[i]
            if chunk.DataChunkType in NAMED:
                data = self._fragments.of_chunk(chunk)
                if data is None:
                    self._timeline.violation(f"chunk {i} of the response names a fragment that is not in the cache")
                else:
                    parts.append(data)
            elif chunk.DataChunkType != FROM_MEMORY:
                self._timeline.refused.append(f"HTTP_RESPONSE chunk of type {chunk.DataChunkType}")
            elif memory := chunk.FromMemory.pBuffer:
                parts.append(bytes(ffi.buffer(memory, chunk.FromMemory.BufferLength)))
            elif size := chunk.FromMemory.BufferLength:
                self._timeline.violation(f"chunk {i} of the response claims {size} bytes at NULL: not sent")
        self.clear()
        return b"".join(parts)
