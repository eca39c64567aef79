"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpeventprovider-interface

The providers that notifications are given (fact sheet 2.1 and 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import (
    HTTP_SEND_RESPONSE_FLAG_MORE_DATA,
    RQ_AUTHENTICATE_REQUEST,
    RQ_MAP_REQUEST_HANDLER,
)
from pyiismod.abi.providers import (
    IAuthenticationProvider,
    IHttpEventProvider,
    IMapHandlerProvider,
    IMapPathProvider,
    IReadEntityProvider,
    ISendResponseProvider,
)
from pyiismod.host import logdata
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.fileinfo import FileInfo
from pyiismod.host.objects import NativeObject
from pyiismod.host.scriptmap import ScriptMap, handler_of
from pyiismod.host.user import ModuleUser
from pyiismod.rules.body import ARGUMENT, WRONG_ENTITY_SIZE

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


class EventProvider(NativeObject, IHttpEventProvider):
    """Of every notification without an interface of its own."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.timeline)
        self._exchange = exchange

    def SetErrorStatus(self, hrError: int) -> None:
        """Do nothing: the call stands in the timeline, and the flow does not change (2.1)."""


class AuthenticationProvider(EventProvider, IAuthenticationProvider):
    """Of AUTHENTICATE_REQUEST."""

    def SetUser(self, pUser: Any) -> None:
        if pUser:
            where = self._exchange.told
            self._exchange.around.set_user(ModuleUser(pUser, where.key.file if where else "", self.timeline))


class MapHandlerProvider(EventProvider, IMapHandlerProvider):
    """Of MAP_REQUEST_HANDLER."""

    def SetScriptName(self, pszScriptName: Any, cchScriptName: int) -> int:
        if not pszScriptName:
            return ERROR_INVALID_PARAMETER
        self._exchange.mapping.script_name = str(ffi.unpack(pszScriptName, cchScriptName))
        return S_OK

    def SetScriptMap(self, pScriptMap: Any) -> None:
        if not pScriptMap:
            return
        known, told = self.resolve(pScriptMap), self._exchange.told
        if isinstance(known, ScriptMap):
            handler = known.handler
        else:
            handler = handler_of(pScriptMap, told.key.file if told else "", self.timeline)
        self._exchange.mapping.set(handler, pScriptMap)

    def SetFileInfo(self, pFileInfo: Any) -> None:
        known = self.resolve(pFileInfo) if pFileInfo else None
        if isinstance(known, FileInfo):
            self._exchange.around.set_file(known)
        else:
            self.timeline.violation(ARGUMENT, "SetFileInfo was given something that is no IHttpFileInfo of the host")


class MapPathProvider(EventProvider, IMapPathProvider):
    """Of MAP_PATH: one mapping of a URL path to a physical path.

    Args:
        exchange: whose mapping it is.
        url: the URL path.
        path: what IIS mapped it to; modules may replace it.
    """

    def __init__(self, exchange: Exchange, url: str, path: str) -> None:
        super().__init__(exchange)
        self._pool = exchange.pool
        self._url = url
        self.path = path

    def GetUrl(self) -> Any:
        return self._pool.wide(self._url)

    def GetPhysicalPath(self) -> Any:
        return self._pool.wide(self.path)

    def SetPhysicalPath(self, pszPhysicalPath: Any, cchPhysicalPath: int) -> int:
        if not pszPhysicalPath or not cchPhysicalPath:
            return ERROR_INVALID_PARAMETER
        self.path = str(ffi.unpack(pszPhysicalPath, cchPhysicalPath)).partition("\0")[0]
        return S_OK


class ReadEntityProvider(EventProvider, IReadEntityProvider):
    """Of READ_ENTITY: one read of the request's body, the end of it included.

    Args:
        exchange: whose body it is.
        buffer: the reader's own buffer.
        data: bytes in it.
        size: bytes that it can hold.
    """

    def __init__(self, exchange: Exchange, buffer: Any, data: int, size: int) -> None:
        super().__init__(exchange)
        self.buffer = buffer
        self.data = data
        self.size = size

    def GetEntity(self, ppBuffer: Any, pcbData: Any, pcbBuffer: Any) -> None:
        for pointer, value in ((ppBuffer, self.buffer), (pcbData, self.data), (pcbBuffer, self.size)):
            if pointer:
                pointer[0] = value

    def SetEntity(self, pBuffer: Any, cbData: int, cbBuffer: int) -> None:
        if cbData > cbBuffer or (cbData and not pBuffer):
            self.timeline.violation(WRONG_ENTITY_SIZE, f"SetEntity was given {cbData} bytes in a buffer of {cbBuffer}")
            return
        self.buffer, self.data, self.size = pBuffer, cbData, cbBuffer


class ForeignProvider:
    """A provider that a module made: the notification passes its pointer on."""

    def __init__(self, pointer: Any) -> None:
        self.pointer = pointer


Provider = EventProvider | ForeignProvider
"""What a notification handler is given beside the context."""


class SendResponseProvider(EventProvider, ISendResponseProvider):
    """Of SEND_RESPONSE: one send.

    Args:
        exchange: whose response is sent.
        more: whether more data follows.

    Attributes:
        may_log: whether the module that is told now comes late enough to see the log data, which the last send has.
        log_data: what modules were given of it, or gave; NULL as long as nobody has asked.
    """

    may_log = False

    def __init__(self, exchange: Exchange, more: bool) -> None:
        super().__init__(exchange)
        self._headers = not exchange.outgoing.started and not exchange.response.headers_suppressed
        self.flags = HTTP_SEND_RESPONSE_FLAG_MORE_DATA if more else 0
        self.log_data: Any = ffi.NULL

    def GetHeadersBeingSent(self) -> int:
        return int(self._headers)

    def GetFlags(self) -> int:
        return self.flags

    def SetFlags(self, dwFlags: int) -> None:
        self.flags = dwFlags

    def GetLogData(self) -> Any:
        if self._is_ready and not self.log_data:
            self.log_data = ffi.cast("HTTP_LOG_DATA *", logdata.build(self._exchange))
        return self.log_data if self._is_ready else ffi.NULL

    def SetLogData(self, pLogData: Any) -> int:
        if not pLogData:
            return ERROR_INVALID_PARAMETER
        if self._is_ready:
            self.log_data = ffi.cast("HTTP_LOG_DATA *", pLogData)
        return S_OK

    def GetReadyToLogData(self) -> int:
        return int(self._is_ready)

    @property
    def _is_ready(self) -> bool:
        return self.may_log and not self.flags & HTTP_SEND_RESPONSE_FLAG_MORE_DATA


PROVIDERS: dict[int, type[EventProvider]] = {
    RQ_AUTHENTICATE_REQUEST: AuthenticationProvider,
    RQ_MAP_REQUEST_HANDLER: MapHandlerProvider,
}
"""What deterministic notifications come with besides a plain :class:`EventProvider`."""
