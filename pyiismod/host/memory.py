"""Request memory: what lives exactly as long as one request (fact sheet 5.1, ``AllocateRequestMemory``).

One pool per request serves ``AllocateRequestMemory``, ``IModuleAllocator`` and every string and struct handed to the
module: modules write into returned strings, so each is private, writable and NUL-terminated. Blocks are aligned to
16 bytes, as a Windows heap aligns them, because modules place C++ objects with SSE members there.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from pyiismod.host._abi import ffi

_ALIGNMENT = 16
_CHUNK = 16 * 1024

_ZEROS = bytes(4096)
_lock = Lock()  # one for all pools: making one costs more under Wine than a request may

_new = ffi.new_allocator(should_clear_after_alloc=False)
_char_pointer = ffi.typeof("char *")
_wide_pointer = ffi.typeof("WCHAR *")
_pointers: dict[str, tuple[Any, int]] = {}


class RequestPool:
    """A bump allocator; nothing is freed before :meth:`release`. Thread-safe."""

    def __init__(self) -> None:
        self._chunks: list[Any] = []
        self._address = 0
        self._left = 0
        self.used = 0
        """Bytes handed out so far."""

    def allocate(self, size: int) -> Any:
        """Return ``size`` uninitialised bytes as ``char *``; a size of 0 gives a valid pointer.

        Raises:
            MemoryError: when there is no more; the slots turn that into NULL or ERROR_NOT_ENOUGH_MEMORY.
        """
        rounded = (size + _ALIGNMENT - 1) & -_ALIGNMENT or _ALIGNMENT
        with _lock:
            self.used += rounded
            if rounded > self._left:
                if rounded > _CHUNK // 4:
                    return ffi.cast(_char_pointer, self._chunk(rounded))
                self._address = self._chunk(_CHUNK)
                self._left = _CHUNK
            address = self._address
            self._address += rounded
            self._left -= rounded
        return ffi.cast(_char_pointer, address)

    def _chunk(self, size: int) -> int:
        chunk = _new("char[]", size + _ALIGNMENT)
        self._chunks.append(chunk)
        return (int(ffi.cast("uintptr_t", chunk)) + _ALIGNMENT - 1) & -_ALIGNMENT

    def zeroed(self, ctype: str, count: int = 1) -> Any:
        """Return ``count`` zeroed items as a pointer to ``ctype``."""
        if ctype not in _pointers:
            _pointers[ctype] = ffi.typeof(f"{ctype} *"), ffi.sizeof(ctype)
        pointer, size = _pointers[ctype]
        size *= count
        block = self.allocate(size)
        ffi.memmove(block, _ZEROS if size <= len(_ZEROS) else bytes(size), size)
        return ffi.cast(pointer, block)

    def data(self, value: bytes) -> Any:
        """Return a copy of ``value`` plus a NUL as ``char *``."""
        size = len(value) + 1
        block = self.allocate(size)
        ffi.memmove(block, value + b"\0", size)
        return block

    def wide(self, value: str) -> Any:
        """Return ``value`` as NUL-terminated UTF-16 (``WCHAR *``)."""
        encoded = value.encode("utf-16-le", "surrogatepass")
        block = self.allocate(len(encoded) + 2)
        ffi.memmove(block, encoded + b"\0\0", len(encoded) + 2)
        return ffi.cast(_wide_pointer, block)

    def release(self) -> None:
        """End the pool: every pointer it gave out is dead now."""
        with _lock:
            self._chunks.clear()
            self._left = 0
