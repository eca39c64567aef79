"""Files by handle: opened here for content, or by a module for a chunk of a response.

Reads are positioned, so that nobody else's use of the handle disturbs them. On other systems than Windows a handle is a
file descriptor: there the host runs in tests only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.win32 import INVALID_HANDLE, Win32Error

__all__ = ["INVALID_HANDLE", "close", "duplicate", "is_handle", "is_open", "open_file", "read", "size_of"]

_PIECE = 256 * 1024
_WINDOWS = os.name == "nt"
_buffer = ffi.new_allocator(should_clear_after_alloc=False)


def open_file(path: str) -> Any:
    """Open a file for reading; return its handle.

    Raises:
        OSError, Win32Error: it cannot be opened.
    """
    return win32.open_file(path) if _WINDOWS else _handle(os.open(path, os.O_RDONLY))


def is_handle(handle: Any) -> bool:
    """Return whether this may be a handle at all."""
    return bool(handle) and handle != INVALID_HANDLE


def duplicate(handle: Any) -> Any:
    """Return another handle of the same file, which the caller closes.

    Raises:
        OSError, Win32Error: it is no handle.
    """
    return win32.duplicate(handle) if _WINDOWS else _handle(os.dup(_descriptor(handle)))


def is_open(handle: Any) -> bool:
    """Return whether nobody has closed it; elsewhere than on Windows that is believed."""
    return not _WINDOWS or win32.is_open(handle)


def close(handle: Any) -> None:
    """Close a handle."""
    if _WINDOWS:
        win32.close(handle)
    else:
        os.close(_descriptor(handle))


def size_of(handle: Any) -> int:
    """Return the bytes of the file.

    Raises:
        OSError, Win32Error: it is no handle of a file.
    """
    return win32.file_size(handle) if _WINDOWS else os.fstat(_descriptor(handle)).st_size


def read(handle: Any, offset: int, size: int) -> Iterator[memoryview]:
    """Yield ``size`` bytes from ``offset`` on, piece by piece; fewer when the file ends. A piece lives until the next.

    Raises:
        OSError, Win32Error: it cannot be read.
    """
    buffer = _buffer("char[]", max(1, min(size, _PIECE)))
    view = memoryview(ffi.buffer(buffer))
    while size > 0:
        wanted = min(size, len(view))
        got = win32.read_file(handle, offset, buffer, wanted) if _WINDOWS else _read(handle, offset, view[:wanted])
        if not got:
            return
        yield view[:got]
        offset, size = offset + got, size - got


def _read(handle: Any, offset: int, view: memoryview) -> int:
    data = os.pread(_descriptor(handle), len(view), offset)
    view[: len(data)] = data
    return len(data)


def _handle(descriptor: int) -> Any:
    return ffi.cast("HANDLE", descriptor)


def _descriptor(handle: Any) -> int:
    return int(ffi.cast("intptr_t", handle))


Unreadable = (OSError, Win32Error)
"""What reading, opening and duplicating may raise."""
