"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttptracecontext-interface

Failed request tracing (fact sheet 5.8): what modules raise stands in the timeline as an event of the kind ``"trace"``.
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.constants import GL_TRACE_EVENT
from pyiismod.abi.enums import HTTP_TRACE_TYPE
from pyiismod.abi.trace import IHttpTraceContext
from pyiismod.host._abi import ffi
from pyiismod.host.describe import narrow_text, wide_text
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.global_notifications import GlobalModules
from pyiismod.host.global_providers import TraceEventProvider
from pyiismod.host.guid import guid_bytes, guid_text
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import address
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Event, Frame, Timeline, current, now

_WWW_SERVER = ffi.new("char[16]", bytes.fromhex("844e2a3a214c8149ae103fda0d9b0f83"))  # provider of IIS's own events
_QUICK_TRACE = ffi.new("WCHAR[]", "QuickTrace")
_LEVELS = {1: "fatal", 2: "error", 3: "warning", 4: "information", 5: "verbose", 6: "start", 7: "end"}
_ALL_AREAS = 0xFFFFFFFF
_NUMBERS = {
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_BYTE: "uint8_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_USHORT: "uint16_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_ULONG: "uint32_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_ULONGLONG: "uint64_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_CHAR: "int8_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_SHORT: "int16_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_LONG: "int32_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_LONGLONG: "int64_t *",
    HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_BOOL: "int32_t *",
}


class Tracing:
    """Who wants to hear of which trace events (fact sheet 4, TRACE_EVENT).

    Every module that registered for them is told of every event, as soon as one module has asked for any; a module that
    wants only its own asks ``CheckSubscription``. An event that is raised by such a handler is not told.

    Args:
        global_modules: who is told.

    Attributes:
        subscriptions: (module id, provider) → areas, verbosity, and whether the module wants its events at all.
    """

    def __init__(self, global_modules: GlobalModules) -> None:
        self._told = global_modules
        self.subscriptions: dict[tuple[int, str], tuple[int, int, bool]] = {}

    def raised(self, event: Any, context: NativeObject | None, timeline: Timeline) -> None:
        """An event was raised: tell of it."""
        if not self._told.wants(GL_TRACE_EVENT) or not any(wanted for _, _, wanted in self.subscriptions.values()):
            return
        if (frame := current()) is not None and frame.notification == "GL_TRACE_EVENT":
            return
        source = guid_text(event.pProviderGuid)

        def is_wanted(module_id: int) -> bool:
            areas, verbosity, wanted = self.subscriptions.get((module_id, source), (0, 0, False))
            return wanted and event.dwVerbosity <= verbosity and (not event.dwArea or bool(event.dwArea & areas))

        provider = TraceEventProvider(timeline, event, is_wanted, context)
        self._told.tell(GL_TRACE_EVENT, timeline, provider.pointer)
        provider.end()


class TraceContext(NativeObject, IHttpTraceContext):
    """Tracing of one request, or of the process.

    Args:
        settings: what is traced.
        tracing: who hears of it.
        timeline: where events are written.
        pool: as long-lived as this object.
        activity: a number that tells requests apart; 0 for the process, which has no activity.
        context: of the request; None for the process.
    """

    def __init__(
        self,
        settings: Settings,
        tracing: Tracing,
        timeline: Timeline,
        pool: RequestPool,
        activity: int = 0,
        context: NativeObject | None = None,
    ) -> None:
        super().__init__(timeline)
        self._verbosity = settings.trace_verbosity
        self._tracing = tracing
        self._context = context
        identity = pool.block(guid_bytes(activity)) if activity else ffi.NULL
        self._activity = ffi.cast("const GUID *", identity)

    @configured
    def GetTraceConfiguration(self, pHttpTraceConfiguration: Any) -> int:
        if not pHttpTraceConfiguration or not pHttpTraceConfiguration.pProviderGuid:
            return ERROR_INVALID_PARAMETER
        pHttpTraceConfiguration.dwAreas = _ALL_AREAS if self._verbosity else 0
        pHttpTraceConfiguration.dwVerbosity = self._verbosity
        pHttpTraceConfiguration.fProviderEnabled = int(self._verbosity > 0)
        return S_OK

    def SetTraceConfiguration(
        self, moduleId: Any, pHttpTraceConfiguration: Any, cHttpTraceConfiguration: int = 1
    ) -> int:
        if not pHttpTraceConfiguration:
            return ERROR_INVALID_PARAMETER
        wanted = [pHttpTraceConfiguration[i] for i in range(cHttpTraceConfiguration)]
        if not all(each.pProviderGuid for each in wanted):
            return ERROR_INVALID_PARAMETER
        for each in wanted:
            key = address(moduleId), guid_text(each.pProviderGuid)
            self._tracing.subscriptions[key] = (each.dwAreas, each.dwVerbosity, bool(each.fProviderEnabled))
        return S_OK

    def RaiseTraceEvent(self, pTraceEvent: Any) -> int:
        if not pTraceEvent or not pTraceEvent.pProviderGuid:
            return ERROR_INVALID_PARAMETER
        name = wide_text(pTraceEvent.pszEventName) or str(pTraceEvent.dwEvent)
        details: dict[str, Any] = {
            "provider": guid_text(pTraceEvent.pProviderGuid),
            "area": pTraceEvent.dwArea,
            "event": pTraceEvent.dwEvent,
            "level": _LEVELS.get(pTraceEvent.dwVerbosity, pTraceEvent.dwVerbosity),
        }
        for i in range(pTraceEvent.cEventItems if pTraceEvent.pEventItems else 0):
            item = pTraceEvent.pEventItems[i]
            details[wide_text(item.pszName) or f"item {i}"] = _value(item)
        self._write(name, details, pTraceEvent)
        return S_OK

    def QuickTrace(self, pszData1: Any, pszData2: Any = None, hrLastError: int = S_OK, Level: int = 4) -> int:
        details = {
            "data1": wide_text(pszData1),
            "data2": wide_text(pszData2),
            "error": hrLastError,
            "level": _LEVELS.get(Level, Level),
        }
        event = ffi.new("HTTP_TRACE_EVENT *")
        event.pProviderGuid = event.pAreaGuid = ffi.cast("const GUID *", _WWW_SERVER)
        event.pszEventName, event.dwVerbosity, event.pActivityGuid = _QUICK_TRACE, Level, self._activity
        self._write("QuickTrace", details, event)
        return S_OK

    def _write(self, name: str, details: dict[str, Any], event: Any) -> None:
        frame = current() or Frame(self.timeline)
        frame.timeline.events.append(now(Event("trace", frame, None, name, details)))
        self._tracing.raised(event, self._context, frame.timeline)

    def GetTraceActivityId(self) -> Any:
        return self._activity


def _value(item: Any) -> Any:
    kind = item.dwDataType
    if not item.pbData:
        return None
    if kind == HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_LPCWSTR:
        return wide_text(ffi.cast("const WCHAR *", item.pbData))
    if kind == HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_LPCSTR:
        return narrow_text(ffi.cast("const char *", item.pbData))
    if kind == HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_LPCGUID:
        return guid_text(item.pbData)
    if kind in _NUMBERS:
        number = int(ffi.cast(_NUMBERS[kind], item.pbData)[0])
        return bool(number) if kind == HTTP_TRACE_TYPE.HTTP_TRACE_TYPE_BOOL else number
    return f"{item.cbData} bytes"
