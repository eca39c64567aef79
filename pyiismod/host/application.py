"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpapplication-interface

The site's root application (fact sheet 5.5).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.application import IHttpApplication2
from pyiismod.host.containers import ModuleFile
from pyiismod.host.content import root_of
from pyiismod.host.lifetime import Owner
from pyiismod.host.objects import configured
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline


class Application(Owner, IHttpApplication2):
    """The one application; it lives as long as the process.

    Args:
        settings: where it is.
        timeline: of the process.
        file_of: tells the DLL of a module id.

    Attributes:
        is_warming_up: between ``BeginApplicationWarmup`` and ``EndApplicationWarmup``.
    """

    def __init__(self, settings: Settings, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self._physical_path = self.pool.wide(root_of(settings))
        self._id = self.pool.wide(settings.application_id)
        self._config_path = self.pool.wide(settings.config_path)
        self.is_warming_up = False

    @configured
    def GetApplicationPhysicalPath(self) -> Any:
        return self._physical_path

    @configured
    def GetApplicationId(self) -> Any:
        return self._id

    @configured
    def GetAppConfigPath(self) -> Any:
        return self._config_path

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def BeginApplicationWarmup(self) -> None:
        self.is_warming_up = True

    def EndApplicationWarmup(self) -> None:
        self.is_warming_up = False

    def QueryIsWarmingUp(self) -> int:
        return int(self.is_warming_up)
