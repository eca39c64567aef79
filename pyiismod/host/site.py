"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpsite-interface

The site, and the performance counters that sites and the server have (fact sheet 5.5).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.site import IHttpPerfCounterInfo, IHttpSite
from pyiismod.host.containers import ModuleFile
from pyiismod.host.lifetime import Owner
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline


class PerfCounterInfo(NativeObject, IHttpPerfCounterInfo):
    """Counters by index; what an index means is known to IIS only.

    Attributes:
        counters: index → value.
    """

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline)
        self.counters: dict[int, int] = {}

    def IncrementCounter(self, dwCounterIndex: int, dwValue: int = 1) -> None:
        self.counters[dwCounterIndex] = self.counters.get(dwCounterIndex, 0) + dwValue

    def DecrementCounter(self, dwCounterIndex: int, dwValue: int = 1) -> None:
        self.counters[dwCounterIndex] = self.counters.get(dwCounterIndex, 0) - dwValue


class Site(Owner, IHttpSite):
    """The one site; it lives as long as the process.

    Args:
        settings: its name and number.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, settings: Settings, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self._id = settings.site_id
        self._name = self.pool.wide(settings.site_name)
        self._counters = PerfCounterInfo(timeline)

    @configured
    def GetSiteId(self) -> int:
        return self._id

    @configured
    def GetSiteName(self) -> Any:
        return self._name

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def GetPerfCounterInfo(self) -> Any:
        return self._counters.pointer
