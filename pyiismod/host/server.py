"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-interface

The server object that RegisterModule is given; it lives as long as the process (fact sheet 5.4).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.server import IHttpServer2, IHttpServer3
from pyiismod.host._abi import ffi
from pyiismod.host.errors import E_NOINTERFACE, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline

_V2, _V3 = 0, 1


class Server(NativeObject, IHttpServer3):
    """The process-wide server object.

    Args:
        settings: what it answers.
        timeline: of the process: calls from a module's own threads land there.
    """

    def __init__(self, settings: Settings, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._settings = settings
        self._pool = RequestPool()  # as long-lived as this object
        self._app_pool = self._pool.wide(settings.app_pool)
        self.thread_limit = 256

    @configured
    def IsCommandLineLaunch(self) -> int:
        return int(self._settings.command_line)

    @configured
    def GetAppPoolName(self) -> Any:
        return self._app_pool

    def IncrementThreadCount(self) -> None:
        self.thread_limit = min(self.thread_limit + 1, 256)

    def DecrementThreadCount(self) -> None:
        self.thread_limit = max(self.thread_limit - 1, 1)

    def GetExtendedInterface(self, version: int, ppInterface: Any) -> int:
        wanted = {_V2: IHttpServer2, _V3: IHttpServer3}.get(version)
        if not ppInterface:
            return ERROR_INVALID_PARAMETER
        if wanted is None or not self._settings.has(wanted.first_seen):
            return E_NOINTERFACE
        ppInterface[0] = self.pointer
        return S_OK

    def GetExtendedInterface_iid(self, Version1: Any, pInput: Any, Version2: Any, ppOutput: Any) -> int:
        if not Version1 or not pInput or not Version2 or not ppOutput:
            return ERROR_INVALID_PARAMETER
        target = self.resolve(pInput)
        chain = {} if target is None else {cls.iid: cls for cls in target.interface.chain()}
        wanted = chain.get(_guid(Version2))
        if _guid(Version1) not in chain or wanted is None or not self._settings.has(wanted.first_seen):
            return E_NOINTERFACE
        ppOutput[0] = pInput  # one object with the longest table serves every version
        return S_OK


def _guid(pointer: Any) -> str:
    data = bytes(ffi.buffer(pointer, 16))
    first, second, third = (int.from_bytes(data[a:b], "little") for a, b in ((0, 4), (4, 6), (6, 8)))
    return f"{first:08x}-{second:04x}-{third:04x}-{data[8:10].hex()}-{data[10:].hex()}"
