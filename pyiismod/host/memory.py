"""Request memory: what lives exactly as long as one request (fact sheet 5.1, ``AllocateRequestMemory``).

One pool per request serves ``AllocateRequestMemory``, ``IModuleAllocator`` and every string and struct handed to the
module: modules write into returned strings, so each is private, writable and NUL-terminated. Blocks are aligned to
16 bytes, as a Windows heap aligns them, because modules place C++ objects with SSE members there.

In strict mode (:func:`be_strict`) each block is guarded memory of its own instead (:mod:`pyiismod.host.guard`).
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from pyiismod.host._abi import ffi
from pyiismod.host.guard import Guarded, Ledger

_ALIGNMENT = 16
_CHUNK = 16 * 1024

_MOST_SPARE = 64

_spare: list[tuple[Any, Any, Any]] = []  # chunks of pools that have ended: fresh memory faults on every page
_lock = Lock()  # one for all pools: making one costs more under Wine than a request may

_ledger: Ledger | None = None

_new = ffi.new_allocator(should_clear_after_alloc=False)
_wide_pointer = ffi.typeof("WCHAR *")
_pointers: dict[str, tuple[Any, int]] = {}


def be_strict(path: str) -> None:
    """Guard every block from now on, and list them in a file; with "" do so no more."""
    global _ledger
    _ledger = Ledger(path) if path else None


class RequestPool:
    """A bump allocator; nothing is freed before :meth:`release`. Thread-safe."""

    is_exhausted = False
    """Whether modules get nothing of it."""

    def __init__(self) -> None:
        self._guarded: list[Guarded] = []
        self._chunks: list[Any] = []
        self._base: Any = None
        self._view: Any = None
        self._next = 0
        self._end = 0
        self.used = 0
        """Bytes handed out so far."""

    def allocate(self, size: int) -> Any:
        """Return ``size`` uninitialised bytes as ``char *``; a size of 0 gives a valid pointer.

        Raises:
            MemoryError: when there is no more; the slots turn that into NULL or ERROR_NOT_ENOUGH_MEMORY.
        """
        return self.reserve(size)[0]

    def hand_over(self, size: int) -> Any:
        """Return the same for a module to fill.

        Raises:
            MemoryError: there is none for modules.
        """
        if self.is_exhausted:
            raise MemoryError
        return self.allocate(size)

    @property
    def is_guarded(self) -> bool:
        """Whether blocks are guarded."""
        return _ledger is not None

    def guarded(self, value: bytes, what: str) -> Any:
        """Return a copy of ``value``, and of no NUL, right before a guard page.

        Args:
            value: the bytes.
            what: how a module comes to it, for reports.
        """
        if _ledger is None:
            return self.block(value)
        block = Guarded(_ledger, len(value), 1, what)
        block.view[: len(value)] = value
        with _lock:
            self._guarded.append(block)
        return block.pointer

    def damage(self) -> list[str]:
        """Return what was written around guarded blocks, in words."""
        guarded = self._guarded
        return [what for block in guarded if (what := block.damage()) is not None] if guarded else []

    def reserve(self, size: int) -> tuple[Any, Any, int]:
        """Return a block as pointer, and as the writable view and offset where it is."""
        if _ledger is not None:
            block = Guarded(_ledger, size, _ALIGNMENT)
            with _lock:
                self.used += size
                self._guarded.append(block)
            return block.pointer, block.view, 0
        rounded = (size + _ALIGNMENT - 1) & -_ALIGNMENT or _ALIGNMENT
        with _lock:
            self.used += rounded
            offset = self._next
            if offset + rounded > self._end:
                base, view = self._chunk(max(rounded, _CHUNK))
                if rounded > _CHUNK // 4:
                    return base, view, 0
                self._base, self._view, self._end, offset = base, view, _CHUNK, 0
            self._next = offset + rounded
            return self._base + offset, self._view, offset

    def _chunk(self, size: int) -> tuple[Any, Any]:
        if size == _CHUNK and _spare:
            chunk, base, view = _spare.pop()
        else:
            chunk = _new("char[]", size + _ALIGNMENT)
            base = chunk + -int(ffi.cast("uintptr_t", chunk)) % _ALIGNMENT
            view = ffi.buffer(base, size)
        self._chunks.append((chunk, base, view))
        return base, view

    def zeroed(self, ctype: str, count: int = 1) -> Any:
        """Return ``count`` zeroed items as a pointer to ``ctype``."""
        if ctype not in _pointers:
            _pointers[ctype] = ffi.typeof(f"{ctype} *"), ffi.sizeof(ctype)
        pointer, size = _pointers[ctype]
        return ffi.cast(pointer, self.block(bytes(size * count)))

    def block(self, value: bytes) -> Any:
        """Return a copy of ``value`` as ``char *``."""
        pointer, view, offset = self.reserve(len(value))
        view[offset : offset + len(value)] = value
        return pointer

    def data(self, value: bytes) -> Any:
        """Return a copy of ``value`` plus a NUL as ``char *``."""
        return self.block(value + b"\0")

    def wide(self, value: str) -> Any:
        """Return ``value`` as NUL-terminated UTF-16 (``WCHAR *``)."""
        return self.counted(value, None)

    def counted(self, value: str, pcch: Any) -> Any:
        """Return ``value`` as :meth:`wide` does; its length in UTF-16 units goes to ``pcch``, unless that is NULL."""
        encoded = value.encode("utf-16-le", "surrogatepass")
        if pcch:
            pcch[0] = len(encoded) // 2
        return ffi.cast(_wide_pointer, self.block(encoded + b"\0\0"))

    def adopt(self, other: RequestPool) -> None:
        """Take over what another pool gave out; it lives as long as this one now."""
        with _lock:
            self._chunks += other._chunks
            self._guarded += other._guarded
            other._guarded = []
            self.used += other.used
            other._chunks = []
            other._base = other._view = None
            other._next = other._end = other.used = 0

    def release(self) -> None:
        """End the pool: every pointer it gave out is dead now."""
        with _lock:
            for chunk in self._chunks:
                if len(chunk[2]) == _CHUNK and len(_spare) < _MOST_SPARE:
                    _spare.append(chunk)
            self._chunks.clear()
            self._base = self._view = None
            self._next = self._end = 0
            guarded, self._guarded = self._guarded, []
        for block in guarded:
            block.free()
