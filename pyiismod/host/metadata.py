"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/imetadatainfo-interface

What the configuration says about a URL (fact sheet 5.5).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.metadata import IReferencedMetadataInfo
from pyiismod.host._abi import ffi
from pyiismod.host.containers import ModuleFile
from pyiismod.host.content import map_path, root_of
from pyiismod.host.files import is_file
from pyiismod.host.lifetime import Counted
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline


def config_path(settings: Settings, path: str) -> str:
    """Return the deepest configuration path of a URL path: that of the last folder with a web.config of its own."""
    folders = path.split("/")[1:-1]
    while folders and settings.root is not None:
        if is_file(map_path(settings, "/" + "/".join((*folders, "web.config")))):
            return "/".join((settings.config_path, *folders))
        folders.pop()
    return settings.config_path


class Metadata(Counted, IReferencedMetadataInfo):
    """The configuration at one path; its contexts live as long as it is in the cache or somebody holds it.

    Args:
        path: configuration path.
        settings: of the server.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, path: str, settings: Settings, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self._path = self.pool.wide(path)
        self._folder = self.pool.wide(root_of(settings)[:-1])

    def GetMetaPath(self) -> Any:
        return self._path

    def GetVrPath(self) -> Any:
        return self._folder

    def GetVrToken(self) -> Any:
        return ffi.NULL  # the content is on no other computer

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def ReferenceMetadata(self) -> None:
        self.hold()

    def DereferenceMetadata(self) -> None:
        self.drop()
