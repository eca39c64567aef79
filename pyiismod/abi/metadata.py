"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/imetadatainfo-interface

What the configuration says about a URL: cached URL entry, metadata and script map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import NULL, Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.stored_context import IHttpModuleContextContainer
    from pyiismod.abi.types import BOOL, DWORD, PCSTR, PCWSTR, Out, Ptr
    from pyiismod.abi.user import IHttpTokenEntry


class IHttpUrlInfo(Interface, iid="7e0e6167-0094-49a1-8287-ecf6dc6e73a6", implemented_by="host", first_seen="iis7.0"):
    """The cached entry of a URL."""

    @slot(0)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...

    @slot(1, const=True)
    def IsFrequentlyHit(self) -> BOOL: ...


class IScriptMapInfo(Interface, iid="d7fe3d77-68bc-4d4a-851f-eec9fb68017c", implemented_by="host", first_seen="iis7.0"):
    """A handler mapping; modules hand one back through ``IMapHandlerProvider::SetScriptMap``."""

    @slot(0, const=True)
    def GetPath(self) -> PCWSTR: ...

    @slot(1, const=True)
    def GetAllowedVerbs(self) -> PCSTR: ...

    @slot(2, const=True)
    def GetModules(self, pcchModules: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(3, const=True)
    def GetScriptProcessor(self, pcchScriptProcessor: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(4, const=True)
    def GetManagedType(self, pcchManagedType: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(5, const=True)
    def GetAllowPathInfoForScriptMappings(self) -> BOOL: ...

    @slot(6, const=True)
    def GetRequiredAccess(self) -> DWORD: ...

    @slot(7, const=True)
    def GetResourceType(self) -> DWORD: ...

    @slot(8, const=True)
    def GetIsStarScriptMap(self) -> BOOL: ...

    @slot(9, const=True)
    def GetResponseBufferLimit(self) -> DWORD: ...

    @slot(10, const=True)
    def GetName(self) -> PCWSTR: ...


class IMetadataInfo(Interface, iid="48b10633-825d-495e-93b0-225380053e8e", implemented_by="host", first_seen="iis7.0"):
    """Configuration of a URL."""

    @slot(0, const=True)
    def GetMetaPath(self) -> PCWSTR: ...

    @slot(1, const=True)
    def GetVrPath(self) -> PCWSTR: ...

    @slot(2)
    def GetVrToken(self) -> Ptr[IHttpTokenEntry]: ...

    @slot(3)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...


class IReferencedMetadataInfo(
    IMetadataInfo, iid="3fc5c336-9ad7-45ea-af2f-31b59302c9fe", implemented_by="host", first_seen="iis7.5"
):
    """Metadata that counts references."""

    @slot(4)
    def ReferenceMetadata(self) -> None: ...

    @slot(5)
    def DereferenceMetadata(self) -> None: ...
