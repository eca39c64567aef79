"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpsite-interface

The site of a request and its performance counters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.stored_context import IHttpModuleContextContainer
    from pyiismod.abi.types import DWORD, PCWSTR, Ptr


class IHttpPerfCounterInfo(
    Interface, iid="bdfc4c4a-12a4-4744-87d8-765eb320c59f", implemented_by="host", first_seen="iis7.0"
):
    """Counters of a site or of the process."""

    @slot(0)
    def IncrementCounter(self, dwCounterIndex: DWORD, dwValue: DWORD = 1) -> None: ...

    @slot(1)
    def DecrementCounter(self, dwCounterIndex: DWORD, dwValue: DWORD = 1) -> None: ...


class IHttpSite(Interface, iid="eb16a6ec-ba5d-436f-bf24-3ede13906450", implemented_by="host", first_seen="iis7.0"):
    """The site that a request belongs to."""

    @slot(0, const=True)
    def GetSiteId(self) -> DWORD: ...

    @slot(1, const=True)
    def GetSiteName(self) -> PCWSTR: ...

    @slot(2)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...

    @slot(3)
    def GetPerfCounterInfo(self) -> Ptr[IHttpPerfCounterInfo]: ...
