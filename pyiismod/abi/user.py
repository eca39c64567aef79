"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpuser-interface

The authenticated user, and logon tokens in the token cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.cache import IHttpCacheSpecificData
from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.types import BOOL, HANDLE, HRESULT, PCSTR, PCWSTR, PSID, PVOID, Out, Ptr


class IHttpUser(Interface, iid="8059e6f8-10ce-4d61-b47e-5a1d8d9a8b67", implemented_by="either", first_seen="iis7.0"):
    """A user, counted by ``ReferenceUser``/``DereferenceUser``; authentication modules supply their own."""

    @slot(0)
    def GetRemoteUserName(self) -> PCWSTR: ...

    @slot(1)
    def GetUserName(self) -> PCWSTR: ...

    @slot(2)
    def GetAuthenticationType(self) -> PCWSTR: ...

    @slot(3)
    def GetPassword(self) -> PCWSTR: ...

    @slot(4)
    def GetImpersonationToken(self) -> HANDLE: ...

    @slot(5)
    def GetPrimaryToken(self) -> HANDLE: ...

    @slot(6)
    def ReferenceUser(self) -> None: ...

    @slot(7)
    def DereferenceUser(self) -> None: ...

    @slot(8)
    def SupportsIsInRole(self) -> BOOL: ...

    @slot(9)
    def IsInRole(self, pszRoleName: PCWSTR, pfInRole: Out[Ptr[BOOL]]) -> HRESULT: ...

    @slot(10)
    def GetUserVariable(self, pszVariableName: PCSTR) -> PVOID: ...


class IHttpTokenEntry(
    IHttpCacheSpecificData, iid="fd86e6de-fb0e-47dd-820a-e0da12be46e9", implemented_by="host", first_seen="iis7.0"
):
    """A logon token in the token cache."""

    @slot(7)
    def GetImpersonationToken(self) -> HANDLE: ...

    @slot(8)
    def GetPrimaryToken(self) -> HANDLE: ...

    @slot(9)
    def GetSid(self) -> PSID: ...
