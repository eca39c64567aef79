"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-interface

The server object that RegisterModule is given; it lives as long as the process (fact sheet 5.4).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyiismod.abi.hresult import hresult_from_win32
from pyiismod.abi.server import IHttpServer2, IHttpServer3
from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.describe import wide_text
from pyiismod.host.errors import (
    E_NOINTERFACE,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
    S_OK,
)
from pyiismod.host.global_notifications import CONTINUE
from pyiismod.host.guid import guid_text
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.preconditions import satisfies
from pyiismod.host.process import Process
from pyiismod.host.servercache import CacheSlots
from pyiismod.host.trace import Timeline, here

if TYPE_CHECKING:
    from pyiismod.host.applicationlife import ApplicationLife

_V2, _V3 = 0, 1


class Server(CacheSlots, NativeObject, IHttpServer3):
    """The process-wide server object.

    Args:
        process: everything that it leads to, and the settings of what it answers.
        application: what ``RecycleApplication`` stops.
        timeline: of the process: calls from a module's own threads land there.
    """

    def __init__(self, process: Process, application: ApplicationLife, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._process = process
        self._application = application
        self._settings = settings = process.settings
        self._pool = RequestPool()  # as long-lived as this object
        self._app_pool = self._pool.wide(settings.app_pool)
        length = ffi.new("DWORD *")
        self._app_pool_config = self._pool.counted(settings.app_pool_config, length)
        self._app_pool_config_length = length[0]
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

    @configured
    def GetAppPoolConfigFile(self, pcchConfigFilePath: Any = None) -> Any:
        if pcchConfigFilePath:
            pcchConfigFilePath[0] = self._app_pool_config_length
        return self._app_pool_config

    def AssociateWithThreadPool(self, hHandle: Any, completionRoutine: Any) -> int:
        if not completionRoutine:
            return ERROR_INVALID_PARAMETER
        if not hHandle or hHandle == win32.INVALID_HANDLE or sys.platform != "win32":
            return ERROR_INVALID_HANDLE
        try:
            win32.bind_to_pool(hHandle, completionRoutine)
        except win32.Win32Error as error:
            return hresult_from_win32(error.code)
        return S_OK

    def GetPerfCounterInfo(self) -> Any:
        return self._process.counters.pointer

    def GetTraceContext(self) -> Any:
        return self._process.trace.pointer

    def GetWorkerProcessSettings(self, ppWorkerProcessSettings: Any) -> int:
        if not ppWorkerProcessSettings:
            return ERROR_INVALID_PARAMETER
        ppWorkerProcessSettings[0] = self._process.worker_settings.pointer
        return S_OK

    def SatisfiesPrecondition(self, pszPrecondition: Any, pfUnknownPrecondition: Any = None) -> int:
        met, is_unknown = satisfies(self._settings, str(ffi.string(pszPrecondition)) if pszPrecondition else "")
        if pfUnknownPrecondition:
            pfUnknownPrecondition[0] = int(is_unknown)
        return int(met)

    def ReportUnhealthy(self, pszReasonString: Any, hrReason: int) -> None:
        self._process.occurrences.health_check(here(self.timeline))
        self._process.occurrences.recycling = f"ReportUnhealthy: {wide_text(pszReasonString) or ''}"

    def RecycleProcess(self, pszReason: Any) -> None:
        self._process.occurrences.recycling = f"RecycleProcess: {wide_text(pszReason) or ''}"

    def RecycleApplication(self, pszAppConfigPath: Any) -> None:
        if _text(pszAppConfigPath).rstrip("/").lower() == self._settings.config_path.lower():
            self._application.recycle(here(self.timeline))

    def NotifyConfigurationChange(self, pszPath: Any) -> None:
        self._process.occurrences.configuration_change(_text(pszPath), here(self.timeline))

    def NotifyFileChange(self, pszFileName: Any) -> None:
        self._process.occurrences.file_change(_text(pszFileName), here(self.timeline))

    def NotifyCustomNotification(self, pCustomOutput: Any) -> Any:
        if not pCustomOutput:
            return CONTINUE
        return self._process.occurrences.custom(pCustomOutput, here(self.timeline))

    def QueryRequestProperty(
        self,
        id: int,
        propertyId: int,
        pQualifier: Any,
        qualifierSize: int,
        pOutput: Any,
        outputBufferSize: int,
        pcbBytesReturned: Any,
        pOverlapped: Any,
    ) -> int:
        if not id or (outputBufferSize and not pOutput) or (qualifierSize and not pQualifier):
            return ERROR_INVALID_PARAMETER
        return ERROR_NOT_SUPPORTED  # what http.sys knows of a transport that is not there

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
        wanted = chain.get(guid_text(Version2))
        if guid_text(Version1) not in chain or wanted is None or not self._settings.has(wanted.first_seen):
            return E_NOINTERFACE
        ppOutput[0] = pInput  # one object with the longest table serves every version
        return S_OK


def _text(psz: Any) -> str:
    return str(ffi.string(psz)) if psz else ""
