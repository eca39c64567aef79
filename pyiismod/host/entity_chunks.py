"""The chunks of a response: ``HTTP_DATA_CHUNK`` structs in native memory, which modules may edit in place.

What a buffered write gives is kept until it is sent: memory is copied, because modules free theirs right after the call
(fact sheet 5.3 and section 8), a file's handle is duplicated, a fragment is remembered by name. A chunk added by
reference is taken as it is. Files and fragments are read when they are sent. The array is ours as long as
``pEntityChunks`` points to it: a module may put its own there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyiismod.abi.enums import HTTP_DATA_CHUNK_TYPE
from pyiismod.host import handles
from pyiismod.host._abi import ffi
from pyiismod.host.fragments import NAMED, Fragments
from pyiismod.host.lent import Lent
from pyiismod.host.memory import RequestPool
from pyiismod.host.trace import Timeline
from pyiismod.rules.body import BAD_CHUNK

MOST = 65534
"""Chunks of one response: http.sys counts in a USHORT, and 65535 fails in practice."""

FROM_MEMORY = HTTP_DATA_CHUNK_TYPE.HttpDataChunkFromMemory
FROM_FILE = HTTP_DATA_CHUNK_TYPE.HttpDataChunkFromFileHandle
TRAILERS = HTTP_DATA_CHUNK_TYPE.HttpDataChunkTrailers
TO_END = 0xFFFFFFFFFFFFFFFF
"""``HTTP_BYTE_RANGE_TO_EOF``."""

_SIZE = ffi.sizeof("HTTP_DATA_CHUNK")
_chunk_pointer = ffi.typeof("HTTP_DATA_CHUNK *")


class EntityChunks:
    """View of the chunk array of an ``HTTP_RESPONSE``.

    Args:
        raw: the response; must outlive this object.
        pool: where arrays, and copies until the first send, go.
        timeline: of the request; chunks that cannot be sent are noted there.
        fragments: what chunks may name.
        lent: what memory modules have lent to the request.
        room: an array for the first chunks, and how many fit.

    Attributes:
        trailers: what is to follow the body.
        copied: bytes copied since the last send; what a module puts into the array itself is not counted.
    """

    _trailers: dict[bytes, bytes] | None = None

    def __init__(
        self,
        raw: Any,
        pool: RequestPool,
        timeline: Timeline,
        fragments: Fragments,
        lent: Lent,
        room: tuple[Any, int] = (ffi.NULL, 0),
    ) -> None:
        self._lent = lent
        self._raw = raw
        self._pool = self._copies = pool
        self._timeline = timeline
        self._fragments = fragments
        self._handles: list[Any] = []
        self.copied = 0
        self._array, self._capacity = room

    @property
    def trailers(self) -> dict[bytes, bytes]:
        """What is to follow the body: lower-case name → value."""
        if self._trailers is None:
            self._trailers = {}
        return self._trailers

    def take_trailers(self, chunk: Any) -> bool:
        """Keep the trailers of a chunk of that type; return whether they are sound."""
        lines = [chunk.Trailers.pTrailers[i] for i in range(chunk.Trailers.TrailerCount)]
        if not all(line.pName and line.NameLength and (line.pRawValue or not line.RawValueLength) for line in lines):
            return False
        for line in lines:
            value = ffi.buffer(line.pRawValue, line.RawValueLength)[:] if line.RawValueLength else b""
            self.trailers[ffi.buffer(line.pName, line.NameLength)[:].lower()] = value
        return True

    def __len__(self) -> int:
        return int(self._raw.EntityChunkCount) if self._raw.pEntityChunks else 0

    def append(self, data: bytes) -> None:
        """Put bytes of IIS's own at the end."""
        mine = self._room(len(self))
        mine.DataChunkType = FROM_MEMORY
        mine.FromMemory.pBuffer, mine.FromMemory.BufferLength = self._copies.block(data), len(data)
        self._raw.EntityChunkCount += 1
        self.copied += len(data)

    def append_file(self, handle: Any, start: int, size: int) -> None:
        """Put a range of an open file at the end; the handle stays the caller's and must stay open until it is sent."""
        mine = self._room(len(self))
        mine.DataChunkType = FROM_FILE
        mine.FromFileHandle.FileHandle = handle
        mine.FromFileHandle.ByteRange.StartingOffset.QuadPart = start
        mine.FromFileHandle.ByteRange.Length.QuadPart = size
        self._raw.EntityChunkCount += 1

    def append_copy(self, chunk: Any) -> None:
        """Put a chunk at the end, with a copy of what it points to.

        Raises:
            OSError, Win32Error: its file's handle is none.
        """
        raw = self._raw
        count = raw.EntityChunkCount if raw.pEntityChunks else 0
        mine = self._room(count)
        ffi.memmove(mine, ffi.addressof(chunk), _SIZE)
        if not count:
            self.copied = 0
        kind = chunk.DataChunkType
        if kind == FROM_MEMORY:
            memory = chunk.FromMemory
            size = memory.BufferLength
            mine.FromMemory.pBuffer = data = self._copies.allocate(size)
            ffi.memmove(data, memory.pBuffer, size)
            self.copied += size
        elif kind == FROM_FILE:
            mine.FromFileHandle.FileHandle = handle = handles.duplicate(chunk.FromFileHandle.FileHandle)
            self._handles.append(handle)
        else:
            self._copy_name(mine)
        raw.EntityChunkCount = count + 1

    def _copy_name(self, mine: Any) -> None:
        if mine.DataChunkType == NAMED[0]:
            name = mine.FromFragmentCache
            text = str(ffi.unpack(name.pFragmentName, name.FragmentNameLength // 2)) if name.pFragmentName else ""
            name.pFragmentName = self._copies.wide(text)
        elif mine.FromFragmentCacheEx.pFragmentName:
            name = mine.FromFragmentCacheEx
            name.pFragmentName = self._copies.wide(str(ffi.string(name.pFragmentName)))

    def insert(self, chunk: Any, position: int) -> None:
        """Put the struct itself (not what it points to) into the array at ``position``."""
        count, array = len(self), self._room(len(self)) - len(self)
        if position < count:
            ffi.memmove(array + position + 1, array + position, (count - position) * _SIZE)
        ffi.memmove(array + position, ffi.cast(_chunk_pointer, chunk), _SIZE)
        self._raw.EntityChunkCount = count + 1

    def _room(self, count: int) -> Any:
        """Make room for one more chunk behind the first ``count``, in an array of ours; return where."""
        raw = self._raw
        if count >= self._capacity or raw.pEntityChunks != self._array:
            if count >= self._capacity:
                self._capacity = max(8, count * 2)
                self._array = self._pool.zeroed("HTTP_DATA_CHUNK", self._capacity)
            if count:
                ffi.memmove(self._array, raw.pEntityChunks, count * _SIZE)
            raw.pEntityChunks = self._array
        return self._array + count

    def truncate(self, count: int) -> None:
        """Forget all chunks behind the first ``count``."""
        self._raw.EntityChunkCount = min(count, len(self))

    def clear(self) -> None:
        """Forget all chunks."""
        self._raw.EntityChunkCount = 0
        self.copied = 0
        if self._handles:
            self.close()

    def close(self) -> None:
        """Close what was duplicated. Idempotent, and touches no native memory: the request's may be gone."""
        if self._handles:
            mine, self._handles = self._handles, []
            for handle in mine:
                handles.close(handle)

    def take(self) -> bytes:
        """Return what the chunks stand for, and forget them.

        Raises:
            OSError, Win32Error: a file cannot be read.
        """
        try:
            return b"".join(bytes(piece) for part in self.parts() for piece in part)
        finally:
            self.clear()

    def sent(self, *, more: bool) -> None:
        """Forget all chunks; if more follow, the copies too: a response that goes on does not grow."""
        self.clear()
        if self._copies is not self._pool:
            self._copies.release()
        elif more:
            self._copies = RequestPool()

    def hand_over(self) -> tuple[list[Part], Callable[[], None]]:
        """Forget all chunks; return what they stand for, and what frees the copies and handles behind that."""
        parts = self.parts()
        copies, held, self._handles = self._copies, self._handles, []
        self.clear()
        self._copies = RequestPool()

        def free() -> None:
            for handle in held:
                handles.close(handle)
            if copies is not self._pool:
                copies.release()

        return parts, free

    def parts(self) -> list[Part]:
        """Return what the chunks stand for, in order; a chunk that cannot be sent is noted and left out."""
        parts, raw = [], self._raw
        for i in range(raw.EntityChunkCount if raw.pEntityChunks else 0):
            part = self._part(i, raw.pEntityChunks[i])
            if part is not None and part.size:
                parts.append(part)
        return parts

    def _part(self, i: int, chunk: Any) -> Part | None:
        what = None
        if chunk.DataChunkType == FROM_MEMORY:
            size = chunk.FromMemory.BufferLength
            if memory := chunk.FromMemory.pBuffer:
                if self._lent.anything and self._lent.is_gone(memory):
                    return Part(memoryview(bytes(size)), 0, size)  # IIS would send whatever is there
                return Part(ffi.buffer(memory, size), 0, size)
            what = f"claims {size} bytes at NULL" if size else None
        elif chunk.DataChunkType == FROM_FILE:
            return self._file(i, chunk.FromFileHandle)
        elif chunk.DataChunkType == TRAILERS:
            is_sound = bool(chunk.Trailers.pTrailers) or not chunk.Trailers.TrailerCount
            what = None if is_sound and self.take_trailers(chunk) else "has trailers without names or values"
        elif chunk.DataChunkType in NAMED:
            data = self._fragments.of_chunk(chunk)
            if data is not None:
                return Part(data, 0, len(data))
            what = "names a fragment that is not in the cache"
        else:
            self._timeline.refused.append(f"HTTP_RESPONSE chunk of type {chunk.DataChunkType}")
        if what:
            self._timeline.violation(BAD_CHUNK, f"chunk {i} of the response {what}: not sent")
        return None

    def _file(self, i: int, named: Any) -> Part | None:
        handle = named.FileHandle
        start, wanted = named.ByteRange.StartingOffset.QuadPart, named.ByteRange.Length.QuadPart
        try:
            if not handles.is_handle(handle):
                raise OSError
            there = max(0, handles.size_of(handle) - start)
        except handles.Unreadable:
            self._timeline.violation(
                BAD_CHUNK, f"chunk {i} of the response has a handle that is no open file: not sent"
            )
            return None
        if wanted != TO_END and wanted > there:
            text = f"chunk {i} of the response claims {wanted} bytes at {start} of a file that has {there} there"
            self._timeline.violation(BAD_CHUNK, text)
        return Part(handle, start, min(wanted, there))


class Part:
    """What one chunk stands for.

    Args:
        source: its data, or the handle of its file.
        start: where it begins there.
        size: bytes.
    """

    __slots__ = ("_source", "_start", "size")

    def __init__(self, source: Any, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self.size = size

    def __iter__(self) -> Iterator[memoryview]:
        """Yield the data piece by piece; a piece lives until the next.

        Raises:
            OSError, Win32Error: its file cannot be read.
        """
        if isinstance(self._source, ffi.CData):
            return handles.read(self._source, self._start, self.size)
        return iter((self._source,))
