"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpfileinfo-interface

Files as IIS opens and caches them, and the watch on them (fact sheet 5.7). Small ones are held in memory and have no
handle; others have a handle and no buffer.
"""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from pyiismod.abi.file import IHttpFileInfo, IHttpFileMonitor
from pyiismod.host import handles
from pyiismod.host._abi import ffi
from pyiismod.host.cachedata import CacheData
from pyiismod.host.containers import ModuleFile
from pyiismod.host.dates import http_date
from pyiismod.host.errors import S_OK
from pyiismod.host.lifetime import Counted
from pyiismod.host.trace import Timeline
from pyiismod.rules.lifetime import HANDLE_CLOSED

LARGEST_CACHED = 262144
"""Bytes of a file that is held in memory, at most (``fileCache`` of IIS)."""

_UNIX_EPOCH = 116444736000000000  # as FILETIME
_READ_ONLY, _DIRECTORY, _NORMAL = 0x1, 0x10, 0x80
_FOR_EVER = 0xFFFFFFFF


class FileInfo(CacheData, IHttpFileInfo):
    """An open file.

    Attributes:
        size: bytes.
        etag, last_modified: validators, as headers show them.
        modified: when it was last written, as Unix time.

    Args:
        path: physical path.
        is_cached: whether its bytes may be held in memory.
        timeline: of the process.
        file_of: tells the DLL of a module id.

    Raises:
        OSError: there is no such file, or it cannot be read.
        Win32Error: it cannot be opened.
    """

    def __init__(self, path: str, is_cached: bool, timeline: Timeline, file_of: ModuleFile) -> None:
        found = Path(path).stat()
        if not S_ISREG(found.st_mode) and not S_ISDIR(found.st_mode):
            raise FileNotFoundError(path)
        in_memory = is_cached and S_ISREG(found.st_mode) and found.st_size <= LARGEST_CACHED
        data = Path(path).read_bytes() if in_memory else b""
        handle = handles.open_file(path) if S_ISREG(found.st_mode) and not in_memory else handles.INVALID_HANDLE
        super().__init__("FILE", path, timeline, file_of)
        self.path = path
        self._found = found
        self._buffer = ffi.cast("BYTE *", self.pool.data(data)) if in_memory else ffi.NULL
        self.size = len(data) if in_memory else found.st_size
        self._is_cached = in_memory
        self._handle = handle
        self._wide_path = self.pool.wide(path)
        self.etag = f'"{self._written:x}:0"'.encode()
        self._narrow_etag = self.pool.data(self.etag)
        self.modified = int(found.st_mtime)
        self.last_modified = http_date(self.modified).encode()
        self._narrow_last_modified = self.pool.data(self.last_modified)

    @property
    def _written(self) -> int:
        """When it was last written, as FILETIME."""
        return self._found.st_mtime_ns // 100 + _UNIX_EPOCH

    def GetAttributes(self) -> int:
        if attributes := getattr(self._found, "st_file_attributes", 0):
            return int(attributes)
        if S_ISDIR(self._found.st_mode):
            return _DIRECTORY
        return _NORMAL if os.access(self.path, os.W_OK) else _READ_ONLY

    def GetSize(self, pliSize: Any) -> None:
        if pliSize:
            pliSize.QuadPart = self.size

    def GetFileBuffer(self) -> Any:
        return self._buffer

    def GetFileHandle(self) -> Any:
        return self._handle

    def GetFilePath(self) -> Any:
        return self._wide_path

    def GetETag(self, pcchETag: Any = None) -> Any:
        if pcchETag:
            pcchETag[0] = len(self.etag)
        return self._narrow_etag

    def GetLastModifiedTime(self, pFileTime: Any) -> None:
        if pFileTime:
            pFileTime.dwLowDateTime = self._written & 0xFFFFFFFF
            pFileTime.dwHighDateTime = self._written >> 32

    def GetLastModifiedString(self) -> Any:
        return self._narrow_last_modified

    def GetHttpCacheAllowed(self, pSecondsToLive: Any) -> int:
        if pSecondsToLive and self._is_cached:
            pSecondsToLive[0] = _FOR_EVER  # until the file changes
        return int(self._is_cached)

    def AccessCheck(self, hUserToken: Any, pUserSid: Any) -> int:
        return S_OK  # every token here is one of the worker's own, and the worker could open it

    def GetVrToken(self) -> Any:
        return ffi.NULL  # the content is on no other computer

    def GetVrPath(self) -> Any:
        return ffi.NULL

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def CheckIfFileHasChanged(self, hUserToken: Any) -> int:
        return int(self.has_changed)

    @property
    def has_changed(self) -> bool:
        """Whether the file is another one by now."""
        try:
            now = Path(self.path).stat()
        except OSError:
            return True
        return (now.st_mtime_ns, now.st_size) != (self._found.st_mtime_ns, self._found.st_size)

    def die(self, timeline: Timeline) -> None:
        """Close the handle too."""
        if self._handle != handles.INVALID_HANDLE:
            if handles.is_open(self._handle):
                handles.close(self._handle)
            else:
                timeline.violation(HANDLE_CLOSED, f"the handle of IHttpFileInfo of {self.path} was closed by a module")
        super().die(timeline)


class FileMonitor(Counted, IHttpFileMonitor):
    """A watch on a file or folder; its contexts live until it is dereferenced.

    Args:
        path: what is watched.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, path: str, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self.path = path

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def sees(self, path: str) -> bool:
        """Return whether a change of ``path`` is one of what is watched, or of something below."""
        return _folder(path).startswith(_folder(self.path))

    def DereferenceFileMonitor(self) -> None:
        self.drop()


def _folder(path: str) -> str:
    return path.lower().replace("/", "\\").rstrip("\\") + "\\"
