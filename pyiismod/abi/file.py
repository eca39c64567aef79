"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpfileinfo-interface

Files in the file cache and the watch on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.cache import IHttpCacheSpecificData
from pyiismod.abi.model import NULL, Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.stored_context import IHttpModuleContextContainer
    from pyiismod.abi.types import BOOL, BYTE, DWORD, HANDLE, HRESULT, PCSTR, PCWSTR, PSID, USHORT, ConstPtr, Out, Ptr
    from pyiismod.abi.win_structs import FILETIME, ULARGE_INTEGER


class IHttpFileMonitor(
    Interface, iid="985422da-b0cf-473b-ba9e-8148ceb3e240", implemented_by="host", first_seen="iis7.0"
):
    """A watch on a file or directory."""

    @slot(0)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...

    @slot(1)
    def DereferenceFileMonitor(self) -> None: ...


class IHttpFileInfo(
    IHttpCacheSpecificData, iid="71e95595-8c74-44d9-88a9-f5112d5f5900", implemented_by="host", first_seen="iis7.0"
):
    """A file in the file cache."""

    @slot(7, const=True)
    def GetAttributes(self) -> DWORD: ...

    @slot(8, const=True)
    def GetSize(self, pliSize: Out[Ptr[ULARGE_INTEGER]]) -> None: ...

    @slot(9, const=True)
    def GetFileBuffer(self) -> ConstPtr[BYTE]: ...

    @slot(10, const=True)
    def GetFileHandle(self) -> HANDLE: ...

    @slot(11, const=True)
    def GetFilePath(self) -> PCWSTR: ...

    @slot(12, const=True)
    def GetETag(self, pcchETag: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(13, const=True)
    def GetLastModifiedTime(self, pFileTime: Out[Ptr[FILETIME]]) -> None: ...

    @slot(14, const=True)
    def GetLastModifiedString(self) -> PCSTR: ...

    @slot(15, const=True)
    def GetHttpCacheAllowed(self, pSecondsToLive: Out[Ptr[DWORD]]) -> BOOL: ...

    @slot(16)
    def AccessCheck(self, hUserToken: HANDLE, pUserSid: PSID) -> HRESULT: ...

    @slot(17, const=True)
    def GetVrToken(self) -> HANDLE: ...

    @slot(18, const=True)
    def GetVrPath(self) -> PCWSTR: ...

    @slot(19)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...

    @slot(20)
    def CheckIfFileHasChanged(self, hUserToken: HANDLE) -> BOOL: ...
