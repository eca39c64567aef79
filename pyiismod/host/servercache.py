"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-interface

The slots of the server object that lead to its caches and to objects that are referenced (fact sheet 5.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.enums import CACHE_OPERATION, ENUMS
from pyiismod.host._abi import ffi
from pyiismod.host.entity_chunks import FROM_MEMORY
from pyiismod.host.errors import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_PARAMETER,
    ERROR_LOGON_FAILURE,
    ERROR_NOT_SUPPORTED,
    ERROR_PATH_NOT_FOUND,
    S_OK,
)
from pyiismod.host.files import is_file, is_folder
from pyiismod.host.objects import configured
from pyiismod.host.refusal import Refused
from pyiismod.host.trace import Timeline, current
from pyiismod.host.url import resolved
from pyiismod.rules.lifetime import CACHE_WHILE_RESOLVING

if TYPE_CHECKING:
    from pyiismod.host.process import Process


class CacheSlots:
    """What :class:`~pyiismod.host.server.Server` serves from the caches of its process."""

    _process: Process
    timeline: Timeline

    def GetFileInfo(
        self,
        pszPhysicalPath: Any,
        hUserToken: Any,
        pSid: Any,
        pszChangeNotificationPath: Any,
        hChangeNotificationToken: Any,
        fCache: int,
        ppFileInfo: Any,
        pHttpTraceContext: Any = None,
    ) -> int:
        if not pszPhysicalPath or not ppFileInfo:
            return ERROR_INVALID_PARAMETER
        file = self._process.file(str(ffi.string(pszPhysicalPath)), bool(fCache))
        if isinstance(file, int):
            return file
        self._process.give(file)
        ppFileInfo[0] = file.pointer
        return S_OK

    def RegisterFileChangeMonitor(self, pszPath: Any, hToken: Any, ppFileMonitor: Any) -> int:
        if not pszPath or not ppFileMonitor:
            return ERROR_INVALID_PARAMETER
        path = str(ffi.string(pszPath))
        if not is_file(path) and not is_folder(path):
            return ERROR_PATH_NOT_FOUND
        ppFileMonitor[0] = self._process.monitor(path).pointer
        return S_OK

    def FlushKernelCache(self, pszUrl: Any) -> int:
        if not pszUrl:
            return ERROR_INVALID_PARAMETER
        return S_OK  # nothing is ever cached in the kernel

    def DoCacheOperation(
        self, cacheOperation: int, pCacheKey: Any, ppCacheSpecificData: Any, pHttpTraceContext: Any = None
    ) -> int:
        if not pCacheKey:
            return ERROR_INVALID_PARAMETER
        if cacheOperation not in ENUMS["CACHE_OPERATION"].values():
            return ERROR_NOT_SUPPORTED
        is_retrieved = cacheOperation == CACHE_OPERATION.CACHE_OPERATION_RETRIEVE
        is_added = cacheOperation == CACHE_OPERATION.CACHE_OPERATION_ADD
        if (is_retrieved or is_added) and (not ppCacheSpecificData or (is_added and not ppCacheSpecificData[0])):
            return ERROR_INVALID_PARAMETER
        if (frame := current()) is not None and frame.notification == "GL_APPLICATION_RESOLVE_MODULES":
            frame.timeline.violation(
                CACHE_WHILE_RESOLVING, "DoCacheOperation was called while the application's modules are resolved"
            )
        record = ppCacheSpecificData[0] if is_added else ffi.NULL
        is_done, record = self._process.occurrences.cache_operation(
            cacheOperation, pCacheKey, record, pHttpTraceContext or ffi.NULL, self.timeline
        )
        if is_retrieved:
            ppCacheSpecificData[0] = record if is_done or record else self._process.records.retrieve(pCacheKey)
            return S_OK if ppCacheSpecificData[0] else ERROR_FILE_NOT_FOUND
        return S_OK if is_done else self._operate(cacheOperation, pCacheKey, record)

    def _operate(self, cacheOperation: int, pCacheKey: Any, record: Any) -> int:
        records = self._process.records
        if cacheOperation == CACHE_OPERATION.CACHE_OPERATION_ADD:
            records.add(pCacheKey, record)
            return S_OK
        if cacheOperation == CACHE_OPERATION.CACHE_OPERATION_DELETE:
            return S_OK if records.delete(pCacheKey) else ERROR_FILE_NOT_FOUND
        if cacheOperation == CACHE_OPERATION.CACHE_OPERATION_FLUSH_PREFIX:
            records.flush_prefix(pCacheKey)
            return S_OK
        if cacheOperation == CACHE_OPERATION.CACHE_OPERATION_ENUM:
            records.enumerate(pCacheKey)
            return S_OK
        return ERROR_NOT_SUPPORTED

    def DispenseContainer(self) -> Any:
        return self._process.dispense().pointer

    def AddFragmentToCache(self, pDataChunk: Any, pszFragmentName: Any) -> int:
        if not pDataChunk or not pszFragmentName:
            return ERROR_INVALID_PARAMETER
        if pDataChunk.DataChunkType != FROM_MEMORY:
            raise Refused
        memory = pDataChunk.FromMemory
        if memory.BufferLength and not memory.pBuffer:
            return ERROR_INVALID_PARAMETER
        data = bytes(ffi.buffer(memory.pBuffer, memory.BufferLength)) if memory.BufferLength else b""
        self._process.fragments.add(str(ffi.string(pszFragmentName)), data)
        return S_OK

    def ReadFragmentFromCache(self, pszFragmentName: Any, pvBuffer: Any, cbSize: int, pcbCopied: Any) -> int:
        if not pszFragmentName or not pcbCopied:
            return ERROR_INVALID_PARAMETER
        data = self._process.fragments.get(str(ffi.string(pszFragmentName)))
        if data is None:
            return ERROR_PATH_NOT_FOUND
        pcbCopied[0] = len(data)
        if len(data) > cbSize or not pvBuffer:
            return ERROR_INSUFFICIENT_BUFFER
        ffi.memmove(pvBuffer, data, len(data))
        return S_OK

    def RemoveFragmentFromCache(self, pszFragmentName: Any) -> int:
        if not pszFragmentName:
            return ERROR_INVALID_PARAMETER
        return S_OK if self._process.fragments.remove(str(ffi.string(pszFragmentName))) else ERROR_FILE_NOT_FOUND

    @configured
    def GetToken(
        self,
        pszUserName: Any,
        pszPassword: Any,
        dwLogonMethod: int,
        ppTokenEntry: Any,
        pszDefaultDomain: Any = None,
        pSockAddr: Any = None,
        pHttpTraceContext: Any = None,
    ) -> int:
        if not pszUserName or not pszPassword or not ppTokenEntry:
            return ERROR_INVALID_PARAMETER
        name = str(ffi.string(pszUserName))
        if pszDefaultDomain and "\\" not in name and "@" not in name:
            qualified = f"{ffi.string(pszDefaultDomain)}\\{name}"
            name = qualified if qualified.lower() in self._process.settings.accounts else name
        if self._process.settings.accounts.get(name.lower()) != str(ffi.string(pszPassword)):
            return ERROR_LOGON_FAILURE
        ppTokenEntry[0] = self._process.token(name).pointer
        return S_OK

    def GetMetadata(self, pszSiteName: Any, pszUrl: Any, ppMetadataInfo: Any) -> int:
        if not pszSiteName or not pszUrl or not ppMetadataInfo:
            return ERROR_INVALID_PARAMETER
        if str(ffi.string(pszSiteName)).lower() != self._process.settings.site_name.lower():
            return ERROR_PATH_NOT_FOUND
        ppMetadataInfo[0] = self._process.metadata(resolved(str(ffi.string(pszUrl)))).pointer
        return S_OK
