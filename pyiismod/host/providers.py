"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpeventprovider-interface

The providers that notifications are given (fact sheet 2.1 and 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import HTTP_SEND_RESPONSE_FLAG_MORE_DATA
from pyiismod.abi.providers import (
    IAuthenticationProvider,
    IHttpEventProvider,
    IMapHandlerProvider,
    ISendResponseProvider,
)
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.objects import NativeObject

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


class EventProvider(NativeObject, IHttpEventProvider):
    """Of every notification without an interface of its own."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.timeline)
        self._exchange = exchange

    def SetErrorStatus(self, hrError: int) -> None:
        self._exchange.error_status = hrError  # recorded; it does not change the flow (2.1)


class AuthenticationProvider(EventProvider, IAuthenticationProvider):
    """Of AUTHENTICATE_REQUEST."""


class MapHandlerProvider(EventProvider, IMapHandlerProvider):
    """Of MAP_REQUEST_HANDLER."""


class SendResponseProvider(EventProvider, ISendResponseProvider):
    """Of SEND_RESPONSE: one send.

    Args:
        exchange: whose response is sent.
        more: whether more data follows.
    """

    def __init__(self, exchange: Exchange, more: bool) -> None:
        super().__init__(exchange)
        self._headers = not exchange.outgoing.started and not exchange.response.headers_suppressed
        self.flags = HTTP_SEND_RESPONSE_FLAG_MORE_DATA if more else 0
        self._log_data: Any = ffi.NULL

    def GetHeadersBeingSent(self) -> int:
        return int(self._headers)

    def GetFlags(self) -> int:
        return self.flags

    def SetFlags(self, dwFlags: int) -> None:
        self.flags = dwFlags

    def GetLogData(self) -> Any:
        return self._log_data

    def SetLogData(self, pLogData: Any) -> int:
        if not pLogData:
            return ERROR_INVALID_PARAMETER
        self._log_data = pLogData
        return S_OK

    def GetReadyToLogData(self) -> int:
        return 0  # no request is logged
