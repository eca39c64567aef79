"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iscriptmapinfo-interface

A handler mapping as modules see it (fact sheet 5.7).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.metadata import IScriptMapInfo
from pyiismod.host._abi import ffi
from pyiismod.host.handlers import ACCESS, RESOURCE_TYPES, Handler
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import slots_of
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.trace import Timeline

_SCRIPT_MAP = slots_of(IScriptMapInfo)


class ScriptMap(NativeObject, IScriptMapInfo):
    """One mapping; it and its strings live as long as the process.

    Args:
        handler: the entry.
        timeline: of the process.
    """

    def __init__(self, handler: Handler, timeline: Timeline) -> None:
        super().__init__(timeline)
        self.handler = handler
        self._pool = RequestPool()

    @configured
    def GetPath(self) -> Any:
        return self._pool.wide(self.handler.path)

    @configured
    def GetAllowedVerbs(self) -> Any:
        return self._pool.data(self.handler.verb.encode("latin-1"))

    @configured
    def GetModules(self, pcchModules: Any = None) -> Any:
        return self._pool.counted(",".join(self.handler.modules), pcchModules)

    @configured
    def GetScriptProcessor(self, pcchScriptProcessor: Any = None) -> Any:
        return self._pool.counted(self.handler.script_processor, pcchScriptProcessor)

    @configured
    def GetManagedType(self, pcchManagedType: Any = None) -> Any:
        return self._pool.counted(self.handler.type, pcchManagedType)

    @configured
    def GetAllowPathInfoForScriptMappings(self) -> int:
        return int(self.handler.allow_path_info)

    @configured
    def GetRequiredAccess(self) -> int:
        return ACCESS.index(self.handler.require_access)

    @configured
    def GetResourceType(self) -> int:
        return RESOURCE_TYPES.index(self.handler.resource_type)

    @configured
    def GetIsStarScriptMap(self) -> int:
        return int(self.handler.is_wildcard)

    @configured
    def GetResponseBufferLimit(self) -> int:
        return self.handler.response_buffer_limit

    @configured
    def GetName(self) -> Any:
        return self._pool.wide(self.handler.name)


def handler_of(pointer: Any, file: str, timeline: Timeline) -> Handler:
    """Return what a script map of a module's own making says: its modules are what counts.

    Args:
        pointer: the module's ``IScriptMapInfo``.
        file: the module's DLL.
        timeline: of the request.
    """
    name = _SCRIPT_MAP["GetName"].call(timeline, file, pointer)
    modules = _SCRIPT_MAP["GetModules"].call(timeline, file, pointer, ffi.NULL)
    return Handler(str(ffi.string(name)) if name else "", modules=str(ffi.string(modules)) if modules else "")
