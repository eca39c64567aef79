"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpmoduleregistrationinfo-interface

What ``RegisterModule`` gets to say what the module wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.module import CGlobalModule, IHttpModuleFactory
    from pyiismod.abi.types import DWORD, HRESULT, HTTP_MODULE_ID, PCWSTR, Ptr


class IHttpModuleRegistrationInfo(
    Interface, iid="07e5beb3-b798-459d-a98a-e6c485b2b3bc", implemented_by="host", first_seen="iis7.0"
):
    """What a module may ask for while it registers."""

    @slot(0, const=True)
    def GetName(self) -> PCWSTR: ...

    @slot(1, const=True)
    def GetId(self) -> HTTP_MODULE_ID: ...

    @slot(2)
    def SetRequestNotifications(
        self, pModuleFactory: Ptr[IHttpModuleFactory], dwRequestNotifications: DWORD, dwPostRequestNotifications: DWORD
    ) -> HRESULT: ...

    @slot(3)
    def SetGlobalNotifications(self, pGlobalModule: Ptr[CGlobalModule], dwGlobalNotifications: DWORD) -> HRESULT: ...

    @slot(4)
    def SetPriorityForRequestNotification(self, dwRequestNotification: DWORD, pszPriority: PCWSTR) -> HRESULT: ...

    @slot(5)
    def SetPriorityForGlobalNotification(self, dwGlobalNotification: DWORD, pszPriority: PCWSTR) -> HRESULT: ...


class IHttpModuleRegistrationInfo2(
    IHttpModuleRegistrationInfo, iid="4fd11cbf-8cc5-418e-8000-c9e765f88533", implemented_by="host", first_seen="sdk8.1"
):
    """Adds priorities for post notifications."""

    @slot(6)
    def SetPriorityForPostRequestNotification(
        self, dwPostRequestNotification: DWORD, pszPriority: PCWSTR
    ) -> HRESULT: ...
