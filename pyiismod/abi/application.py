"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpapplication-interface

The application of a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.stored_context import IHttpModuleContextContainer
    from pyiismod.abi.types import BOOL, PCWSTR, Ptr


class IHttpApplication(
    Interface, iid="3f75d9e6-1075-422c-ad89-93a85f2d7bdc", implemented_by="host", first_seen="iis7.0"
):
    """The application that a request belongs to."""

    @slot(0, const=True)
    def GetApplicationPhysicalPath(self) -> PCWSTR: ...

    @slot(1, const=True)
    def GetApplicationId(self) -> PCWSTR: ...

    @slot(2, const=True)
    def GetAppConfigPath(self) -> PCWSTR: ...

    @slot(3)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...


class IHttpApplication2(
    IHttpApplication, iid="311a3b7a-b673-4a1c-8349-2e98a23cadcb", implemented_by="host", first_seen="sdk8.1"
):
    """Adds warm-up."""

    @slot(4)
    def BeginApplicationWarmup(self) -> None: ...

    @slot(5)
    def EndApplicationWarmup(self) -> None: ...

    @slot(6)
    def QueryIsWarmingUp(self) -> BOOL: ...
