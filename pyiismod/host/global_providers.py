"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iglobalstoplisteningprovider-interface

What global notifications are given (fact sheet 4). One object serves all modules that one notification is told to, and
ends with it; a later call on it is a violation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyiismod.abi.enums import CACHE_OPERATION
from pyiismod.abi.global_providers import (
    ICacheProvider,
    IGlobalConfigurationChangeProvider,
    IGlobalFileChangeProvider,
    IGlobalRSCAQueryProvider,
    IGlobalStopListeningProvider,
    IGlobalThreadCleanupProvider,
    IGlobalTraceEventProvider,
    IHttpApplicationProvider,
    IPreBeginRequestProvider,
)
from pyiismod.host._abi import ffi
from pyiismod.host.errors import (
    E_INVALIDARG,
    E_NOTIMPL,
    E_OUTOFMEMORY,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
    S_OK,
)
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import address
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline
from pyiismod.rules.body import ARGUMENT, WRONG_ENTITY_SIZE

if TYPE_CHECKING:
    from pyiismod.host.application import Application
    from pyiismod.host.lifetime import Owner


class GlobalProvider(NativeObject):
    """What all of them do."""

    def SetErrorStatus(self, hrError: int) -> None:
        """Do nothing: the call stands in the timeline, and the flow does not change (2.1)."""


class PreBeginRequestProvider(GlobalProvider, IPreBeginRequestProvider):
    """Of PRE_BEGIN_REQUEST.

    Args:
        timeline: of the request.
        context: its context.
    """

    def __init__(self, timeline: Timeline, context: NativeObject) -> None:
        super().__init__(timeline)
        self._context = context

    def GetHttpContext(self) -> Any:
        return self._context.pointer


class _OfApplication(GlobalProvider):
    def __init__(self, timeline: Timeline, application: Application) -> None:
        super().__init__(timeline)
        self._application = application

    def GetApplication(self) -> Any:
        return self._application.pointer


class ApplicationProvider(_OfApplication, IHttpApplicationProvider):
    """Of APPLICATION_START and APPLICATION_STOP."""


class ThreadCleanupProvider(_OfApplication, IGlobalThreadCleanupProvider):
    """Of THREAD_CLEANUP."""


class StopListeningProvider(GlobalProvider, IGlobalStopListeningProvider):
    """Of STOP_LISTENING.

    Args:
        timeline: where it is written.
        graceful: TRUE when the process is recycled, FALSE when IIS itself stops.
    """

    def __init__(self, timeline: Timeline, graceful: bool) -> None:
        super().__init__(timeline)
        self._graceful = graceful

    def DrainRequestsGracefully(self) -> int:
        return int(self._graceful)


class ConfigurationChangeProvider(GlobalProvider, IGlobalConfigurationChangeProvider):
    """Of CONFIGURATION_CHANGE.

    Args:
        timeline: where it is written.
        path: configuration path of what has changed.
    """

    def __init__(self, timeline: Timeline, path: str) -> None:
        super().__init__(timeline)
        self._pool = RequestPool()
        self._path = self._pool.wide(path)

    def GetChangePath(self) -> Any:
        return self._path


class FileChangeProvider(GlobalProvider, IGlobalFileChangeProvider):
    """Of FILE_CHANGE.

    Args:
        timeline: where it is written.
        name: physical path of what has changed.
        monitor: whose watch saw it; None when nobody watches.
    """

    def __init__(self, timeline: Timeline, name: str, monitor: Owner | None) -> None:
        super().__init__(timeline)
        self._pool = RequestPool()
        self._name = self._pool.wide(name)
        self._monitor = monitor

    def GetFileName(self) -> Any:
        return self._name

    def GetFileMonitor(self) -> Any:
        return ffi.NULL if self._monitor is None else self._monitor.pointer


class CacheProvider(GlobalProvider, ICacheProvider):
    """Of CACHE_OPERATION: one access to a cache.

    Args:
        timeline: where it is written.
        operation: CACHE_OPERATION.
        key: pointer to what is looked for.
        record: pointer to what is found or added; NULL for nothing.
        trace: pointer to the trace context that the access was made with.
    """

    def __init__(self, timeline: Timeline, operation: int, key: Any, record: Any, trace: Any) -> None:
        super().__init__(timeline)
        self._operation = CACHE_OPERATION(operation)
        self._key = key
        self._trace = trace
        self.record = record

    def GetCacheOperation(self) -> CACHE_OPERATION:
        return self._operation

    def GetCacheKey(self) -> Any:
        return self._key

    def GetCacheRecord(self) -> Any:
        return self.record

    def SetCacheRecord(self, pCacheRecord: Any) -> None:
        if pCacheRecord:
            self.record = pCacheRecord
        else:
            self.timeline.violation(ARGUMENT, "SetCacheRecord was given NULL: IIS would crash here")

    def GetTraceContext(self) -> Any:
        return self._trace


class TraceEventProvider(GlobalProvider, IGlobalTraceEventProvider):
    """Of TRACE_EVENT.

    Args:
        timeline: where it is written.
        event: pointer to the HTTP_TRACE_EVENT.
        is_wanted: says whether a module id has asked for such an event.
        context: of the request that the event is about; None for one of the process.
    """

    def __init__(
        self, timeline: Timeline, event: Any, is_wanted: Callable[[int], bool], context: NativeObject | None
    ) -> None:
        super().__init__(timeline)
        self._event = event
        self._is_wanted = is_wanted
        self._context = context

    def GetTraceEvent(self, ppTraceEvent: Any) -> int:
        if not ppTraceEvent:
            return ERROR_INVALID_PARAMETER
        ppTraceEvent[0] = self._event
        return S_OK

    def CheckSubscription(self, ModuleId: Any) -> int:
        return int(self._is_wanted(address(ModuleId)))

    def GetCurrentHttpRequestContext(self, ppHttpContext: Any) -> int:
        if not ppHttpContext:
            return ERROR_INVALID_PARAMETER
        if self._context is None:
            return ERROR_NOT_SUPPORTED
        ppHttpContext[0] = self._context.pointer
        return S_OK


class RscaQueryProvider(GlobalProvider, IGlobalRSCAQueryProvider):
    """Of RSCA_QUERY: a question of the administration, and the buffer of its answer, which the provider owns.

    Args:
        timeline: where it is written.
        function: what is asked.
        parameters: with which parameters.

    Attributes:
        hresult: of the answer; E_NOTIMPL as long as nobody has given one.
    """

    def __init__(self, timeline: Timeline, function: str, parameters: str) -> None:
        super().__init__(timeline)
        self._pool = RequestPool()
        self._function = self._pool.wide(function)
        self._parameters = self._pool.wide(parameters)
        self._memory: RequestPool | None = None
        self._buffer: Any = ffi.NULL
        self._size = 0
        self._used = 0
        self.hresult = E_NOTIMPL

    @property
    def answer(self) -> bytes:
        """The data of the answer."""
        return bytes(ffi.buffer(self._buffer, self._used)) if self._used else b""

    def GetFunctionName(self) -> Any:
        return self._function

    def GetFunctionParameters(self) -> Any:
        return self._parameters

    def GetOutputBuffer(self, cbBuffer: int, ppbBuffer: Any) -> int:
        return self._allocate(cbBuffer, 0, ppbBuffer)

    def ResizeOutputBuffer(self, cbNewBuffer: int, cbBytesToCopy: int, ppbBuffer: Any) -> int:
        if cbBytesToCopy > cbNewBuffer:
            return E_INVALIDARG
        if cbBytesToCopy > self._size:
            self.timeline.violation(
                WRONG_ENTITY_SIZE, f"ResizeOutputBuffer copies {cbBytesToCopy} bytes of a buffer of {self._size}"
            )
        return self._allocate(cbNewBuffer, min(cbBytesToCopy, self._size), ppbBuffer)

    def _allocate(self, size: int, kept: int, ppbBuffer: Any) -> int:
        if not ppbBuffer:
            return E_INVALIDARG
        memory = RequestPool()
        try:
            buffer = ffi.cast("BYTE *", memory.allocate(size))
        except MemoryError:
            return E_OUTOFMEMORY
        if kept:
            ffi.memmove(buffer, self._buffer, kept)
        old, self._memory, self._buffer, self._size = self._memory, memory, buffer, size
        if old is not None:
            old.release()
        ppbBuffer[0] = buffer
        return S_OK

    def SetResult(self, cbData: int, hr: int) -> None:
        if cbData > self._size:
            self.timeline.violation(WRONG_ENTITY_SIZE, f"SetResult claims {cbData} bytes in a buffer of {self._size}")
        self._used, self.hresult = min(cbData, self._size), hr
