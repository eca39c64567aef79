"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcontext-interface

The context object: what a notification is given (fact sheet 5.1).
"""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING, Any

from pyiismod.abi.context import IHttpContext4
from pyiismod.host import nested, whereabouts
from pyiismod.host._abi import ffi
from pyiismod.host.childslots import ChildSlots
from pyiismod.host.errors import (
    E_FAIL,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_INDEX,
    ERROR_INVALID_PARAMETER,
    S_OK,
)
from pyiismod.host.objects import NativeObject
from pyiismod.host.url import resolved
from pyiismod.host.variables import narrow, wide
from pyiismod.pipeline import Completion

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


class Context(ChildSlots, NativeObject, IHttpContext4):
    """One request's context.

    Args:
        exchange: what it belongs to; its pool holds everything handed out here.
    """

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.timeline)
        self._exchange = exchange
        self._pool = exchange.pool
        self._started = monotonic_ns() // 1_000_000

    def GetSite(self) -> Any:
        return self._exchange.process.site.pointer

    def GetApplication(self) -> Any:
        return self._exchange.process.application.pointer

    def GetConnection(self) -> Any:
        if not self._exchange.incoming.has_connection:
            return ffi.NULL  # warming an application up
        return self._exchange.around.connection.pointer

    def GetUser(self) -> Any:
        user = self._exchange.around.user
        return ffi.NULL if user is None else user.pointer

    def GetOriginalUser(self) -> Any:
        user = self._exchange.around.original_user
        return ffi.NULL if user is None else user.pointer

    def GetModuleContextContainer(self) -> Any:
        return self._exchange.around.container.pointer

    def GetNamedContextContainer(self) -> Any:
        return self._exchange.around.named_container.pointer

    def GetUrlInfo(self) -> Any:
        return self._exchange.around.url.pointer

    def GetMetadata(self) -> Any:
        return self._exchange.around.metadata.pointer

    def GetTraceContext(self) -> Any:
        return self._exchange.around.trace.pointer

    def GetFileInfo(self) -> Any:
        file = self._exchange.around.file
        return ffi.NULL if file is None else file.pointer

    def GetScriptMap(self) -> Any:
        script_map = self._exchange.mapping.script_map
        return ffi.NULL if script_map is None else script_map

    def MapHandler(
        self,
        dwSiteId: int,
        pszSiteName: Any,
        pszUrl: Any,
        pszVerb: Any,
        ppScriptMap: Any,
        fIgnoreWildcardMappings: int = 0,
    ) -> int:
        if not pszUrl or not pszVerb or not ppScriptMap:
            return ERROR_INVALID_PARAMETER
        path = resolved(str(ffi.string(pszUrl)).partition("?")[0])
        verb = bytes(ffi.string(pszVerb)).decode("latin-1")
        handler = self._exchange.mapping.find(path, verb, bool(fIgnoreWildcardMappings))
        ppScriptMap[0] = ffi.NULL if handler is None else self._exchange.process.script_map(handler).pointer
        return S_OK

    def GetCurrentExecutionStats(
        self,
        pdwNotification: Any,
        pdwNotificationStartTickCount: Any = None,
        ppszModule: Any = None,
        pdwModuleStartTickCount: Any = None,
        pdwAsyncNotification: Any = None,
        pdwAsyncNotificationStartTickCount: Any = None,
    ) -> int:
        turn = self._exchange.open_turn
        if not pdwNotification or turn is None:
            return ERROR_INVALID_PARAMETER
        subscriber, bit, _ = turn.step
        ticks = int(turn.started * 1000) & 0xFFFFFFFF
        since = int(turn.since * 1000) & 0xFFFFFFFF
        for pointer, value in (
            (pdwNotification, bit),
            (pdwNotificationStartTickCount, ticks),
            (pdwModuleStartTickCount, ticks),
            (pdwAsyncNotification, bit if since else 0),
            (pdwAsyncNotificationStartTickCount, since),
        ):
            if pointer:
                pointer[0] = value
        if ppszModule:
            ppszModule[0] = self._pool.wide(subscriber.key.name) if subscriber is not None else ffi.NULL
        return S_OK

    def GetRequest(self) -> Any:
        return self._exchange.request.pointer

    def GetResponse(self) -> Any:
        return self._exchange.response.pointer

    def GetResponseHeadersSent(self) -> int:
        return int(self._exchange.outgoing.started)

    def DisableNotifications(self, dwNotifications: int, dwPostNotifications: int) -> None:
        self._exchange.disable(dwNotifications, dwPostNotifications)

    def IndicateCompletion(self, notificationStatus: int) -> None:
        self._exchange.asynchrony.indicate(notificationStatus)

    def PostCompletion(self, cbBytes: int) -> int:
        self._exchange.asynchrony.complete(Completion("PostCompletion", cbBytes))
        return S_OK

    def PostCompletion_callback(self, cbBytes: int, pfnCompletionRoutine: Any, pvCompletionContext: Any) -> int:
        if not pfnCompletionRoutine:
            return ERROR_INVALID_PARAMETER
        self._exchange.asynchrony.call_routine(cbBytes, pfnCompletionRoutine, pvCompletionContext)
        return S_OK

    def CancelIo(self) -> int:
        return self._exchange.asynchrony.cancel()

    def EnableFullDuplex(self) -> None:
        self._exchange.asynchrony.is_full_duplex = True

    def GetIsLastNotification(self, status: int) -> int:
        return int(whereabouts.is_last(self._exchange, status))

    def GetNextNotification(
        self, status: int, pdwNotification: Any, pfIsPostNotification: Any, ppModuleInfo: Any, ppRequestOutput: Any
    ) -> int:
        following = whereabouts.take_next(self._exchange, status)
        if following is None:
            return 0
        bit, post, instance, provider = following
        for pointer, value in (
            (pdwNotification, bit),
            (pfIsPostNotification, int(post)),
            (ppModuleInfo, instance.pointer),
            (ppRequestOutput, provider.pointer),
        ):
            if pointer:
                pointer[0] = value
        return 1

    def GetServerVariable_a(self, pszVariableName: Any, ppszValue: Any, pcchValueLength: Any) -> int:
        value = self._variable(pszVariableName)
        if value is None:
            return ERROR_INVALID_INDEX
        encoded = narrow(value)
        if pcchValueLength:
            pcchValueLength[0] = len(encoded)
        if ppszValue:
            ppszValue[0] = self._pool.data(encoded)
        return S_OK

    def GetServerVariable_w(self, pszVariableName: Any, ppszValue: Any, pcchValueLength: Any) -> int:
        value = self._variable(pszVariableName)
        if value is None:
            return ERROR_INVALID_INDEX
        text = self._pool.counted(wide(value), pcchValueLength)
        if ppszValue:
            ppszValue[0] = text
        return S_OK

    def _variable(self, name: Any) -> str | bytes | None:
        return self._exchange.variables.get(bytes(ffi.string(name)).decode("latin-1")) if name else None

    def SetServerVariable(self, pszVariableName: Any, pszVariableValue: Any) -> int:
        if not pszVariableName:
            return ERROR_INVALID_PARAMETER
        value = str(ffi.string(pszVariableValue)) if pszVariableValue else None
        self._exchange.variables.set(bytes(ffi.string(pszVariableName)).decode("latin-1"), value)
        return S_OK

    def GetServerVarChanges(
        self,
        dwOldChangeNumber: int,
        pdwNewChangeNumber: Any,
        pdwVariableSnapshot: Any,
        ppVariableNameSnapshot: Any,
        ppVariableValueSnapshot: Any,
        pdwDiffedVariables: Any,
        ppDiffedVariableIndices: Any,
    ) -> int:
        return self._exchange.around.changes("variables", "PCWSTR").report_texts(
            self._exchange.variables.own(),
            dwOldChangeNumber,
            pdwNewChangeNumber,
            (pdwVariableSnapshot, ppVariableNameSnapshot, ppVariableValueSnapshot),
            (pdwDiffedVariables, ppDiffedVariableIndices),
        )

    def AllocateRequestMemory(self, cbAllocation: int) -> Any:
        return self._pool.allocate(cbAllocation)

    def GetPhysicalPath(self, pcchPhysicalPath: Any = None) -> Any:
        return self._pool.counted(self._exchange.physical_path, pcchPhysicalPath)

    def GetScriptName(self, pcchScriptName: Any = None) -> Any:
        return self._pool.counted(self._exchange.mapping.script_name, pcchScriptName)

    def GetScriptTranslated(self, pcchScriptTranslated: Any = None) -> Any:
        return self._pool.counted("\\\\?\\" + self._exchange.physical_path, pcchScriptTranslated)

    def SetRequestHandled(self) -> None:
        self._exchange.handled = True

    def MapPath(self, pszUrl: Any, pszPhysicalPath: Any, pcbPhysicalPath: Any) -> int:
        if not pszUrl or not pcbPhysicalPath:
            return ERROR_INVALID_PARAMETER
        path = nested.map_path(self._exchange, resolved(str(ffi.string(pszUrl))))
        encoded = path.encode("utf-16-le", "surrogatepass") + b"\0\0"
        room, pcbPhysicalPath[0] = pcbPhysicalPath[0], len(encoded)  # bytes, the NUL included
        if not pszPhysicalPath or room < len(encoded):
            return ERROR_INSUFFICIENT_BUFFER
        ffi.memmove(pszPhysicalPath, encoded, len(encoded))
        return S_OK

    def NotifyCustomNotification(self, pCustomOutput: Any, pfCompletionExpected: Any) -> int:
        if not pCustomOutput:
            return ERROR_INVALID_PARAMETER
        nested.notify_custom(self._exchange, pCustomOutput)
        if pfCompletionExpected:
            pfCompletionExpected[0] = 0
        return S_OK

    def GetExtendedInterface(self, version: int, ppInterface: Any) -> int:
        return E_FAIL  # the version enumeration is empty: there is nothing to ask for

    def GetRequestStartTime(self) -> int:
        return self._started

    def GetRequestElapsedTime(self) -> int:
        return monotonic_ns() // 1_000_000 - self._started
