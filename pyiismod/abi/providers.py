"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpeventprovider-interface

What a request notification handler gets beside the context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.file import IHttpFileInfo
    from pyiismod.abi.http_structs import HTTP_LOG_DATA
    from pyiismod.abi.metadata import IScriptMapInfo
    from pyiismod.abi.types import BOOL, DWORD, HRESULT, PCWSTR, PVOID, Out, Ptr
    from pyiismod.abi.user import IHttpUser


class IHttpEventProvider(
    Interface, iid="6f3f657d-2fb8-43c6-a096-5064b41f0580", implemented_by="either", first_seen="iis7.0"
):
    """Base of every provider."""

    @slot(0)
    def SetErrorStatus(self, hrError: HRESULT) -> None: ...


class ICustomNotificationProvider(
    IHttpEventProvider, iid="671e6d34-9380-4df4-b453-91129df02b24", implemented_by="module", first_seen="iis7.0"
):
    """Made by the module that raises the notification and passed on to the other modules."""

    @slot(1)
    def QueryNotificationType(self) -> PCWSTR: ...


class IAuthenticationProvider(
    IHttpEventProvider, iid="304d51d0-0307-45ed-83fd-dd3fc032fdfc", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnAuthenticateRequest``."""

    @slot(1)
    def SetUser(self, pUser: Ptr[IHttpUser]) -> None: ...


class IMapHandlerProvider(
    IHttpEventProvider, iid="fea3ce6b-e346-47e7-b2a6-ad265baeff2c", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnMapRequestHandler``."""

    @slot(1)
    def SetScriptName(self, pszScriptName: PCWSTR, cchScriptName: DWORD) -> HRESULT: ...

    @slot(2)
    def SetScriptMap(self, pScriptMap: Ptr[IScriptMapInfo]) -> None: ...

    @slot(3)
    def SetFileInfo(self, pFileInfo: Ptr[IHttpFileInfo]) -> None: ...


class IMapPathProvider(
    IHttpEventProvider, iid="8efdf557-a8f1-4bc9-b462-6df3b038a59a", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnMapPath``."""

    @slot(1, const=True)
    def GetUrl(self) -> PCWSTR: ...

    @slot(2, const=True)
    def GetPhysicalPath(self) -> PCWSTR: ...

    @slot(3)
    def SetPhysicalPath(self, pszPhysicalPath: PCWSTR, cchPhysicalPath: DWORD) -> HRESULT: ...


class ISendResponseProvider(
    IHttpEventProvider, iid="57f2e7bc-0bcf-4a9f-94a4-10e55c6e5b51", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnSendResponse``."""

    @slot(1, const=True)
    def GetHeadersBeingSent(self) -> BOOL: ...

    @slot(2, const=True)
    def GetFlags(self) -> DWORD: ...

    @slot(3)
    def SetFlags(self, dwFlags: DWORD) -> None: ...

    @slot(4, const=True)
    def GetLogData(self) -> Ptr[HTTP_LOG_DATA]: ...

    @slot(5)
    def SetLogData(self, pLogData: Ptr[HTTP_LOG_DATA]) -> HRESULT: ...

    @slot(6, const=True)
    def GetReadyToLogData(self) -> BOOL: ...


class IReadEntityProvider(
    IHttpEventProvider, iid="fe6d905a-99b8-49fd-b389-cfc809562b81", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnReadEntity``."""

    @slot(1)
    def GetEntity(self, ppBuffer: Out[Ptr[PVOID]], pcbData: Out[Ptr[DWORD]], pcbBuffer: Out[Ptr[DWORD]]) -> None: ...

    @slot(2)
    def SetEntity(self, pBuffer: PVOID, cbData: DWORD, cbBuffer: DWORD) -> None: ...
