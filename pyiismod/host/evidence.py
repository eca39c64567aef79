"""What the process itself can tell about a module's doings: its native stack, its heap blocks, its stacks, its use.

Everything here answers "unknown" (empty, None, 0) elsewhere than on Windows, where the host runs in tests only. Heap
blocks are asked about only where nobody takes a question about a freed block for an error: with a debugger attached,
as our supervisor is, Windows' own heap would break into it; Wine's does not.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, NamedTuple

from pyiismod.host import win32
from pyiismod.host._abi import ffi

__all__ = ["COUNTS", "Block", "Usage", "block_at", "is_on_this_stack", "native_stack", "usage"]

_WINDOWS = sys.platform == "win32"
_DEEPEST = 62  # frames that RtlCaptureStackBackTrace may be asked for
_OURS = ("python", "_cffi_backend", "ntdll", "kernel", "ucrtbase", "libffi")


@lru_cache(maxsize=1)
def _heap_can_be_asked() -> bool:
    return _WINDOWS and win32.is_wine()


def native_stack() -> list[str]:
    """Return where this thread is in DLLs that are neither ours nor the system's, innermost first: ``m.dll+0x1234``."""
    if not _WINDOWS:
        return []
    places = []
    for name, offset in win32.backtrace(_DEEPEST):
        if not name.lower().startswith(_OURS):
            places.append(f"{name}+0x{offset:x}")
    return places


COUNTS = {"created": 0, "disposed": 0, "kept": 0, "cleaned": 0}
"""Module objects and stored contexts of this process so far. Approximate while threads race."""


class Block:
    """A block of the process heap, as long as nobody frees it.

    Args:
        pointer: where it begins.
    """

    __slots__ = ("_first", "_pointer")

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self._first = ffi.cast("uintptr_t *", pointer)[0]

    @property
    def is_freed(self) -> bool:
        """Whether it has been freed since."""
        return not win32.is_heap_block(self._pointer)

    @property
    def is_kept(self) -> bool:
        """Whether an object is there still: its block, and its vtable. Another thread may have the block by now."""
        return not self.is_freed and bool(ffi.cast("uintptr_t *", self._pointer)[0] == self._first)


def block_at(pointer: Any) -> Block | None:
    """Return the block that begins at ``pointer``; None when there is none, or nobody can tell."""
    if pointer and _heap_can_be_asked() and win32.is_heap_block(pointer):
        return Block(pointer)
    return None


def is_on_this_stack(pointer: Any) -> bool:
    """Return whether ``pointer`` points into the stack of this thread."""
    if not _WINDOWS:
        return False
    low, high = win32.stack_limits()
    return low <= int(ffi.cast("uintptr_t", pointer)) < high


class Usage(NamedTuple):
    """What the process holds: numbers of handles, threads and blocks of its heap, bytes of these, private bytes.

    The host's own threads do not count: there is one more of them whenever a command takes long.
    """

    handles: int
    threads: int
    heap_blocks: int
    heap_bytes: int
    private_bytes: int


def usage() -> Usage:
    """Return what this process holds now; zeros where nobody can tell."""
    return Usage(*win32.process_usage()) if _WINDOWS else Usage(0, 0, 0, 0, 0)
