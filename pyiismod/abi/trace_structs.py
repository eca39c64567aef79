"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/http-trace-event-structure

The structs of failed request tracing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.structs import Struct

if TYPE_CHECKING:
    from pyiismod.abi.enums import HTTP_TRACE_TYPE
    from pyiismod.abi.types import BOOL, DWORD, LPCGUID, LPCWSTR, PBYTE, Ptr


class HTTP_TRACE_CONFIGURATION(Struct):
    """What a trace provider wants to see."""

    pProviderGuid: LPCGUID
    dwAreas: DWORD
    dwVerbosity: DWORD
    fProviderEnabled: BOOL


class HTTP_TRACE_EVENT(Struct):
    """A trace event."""

    pProviderGuid: LPCGUID
    dwArea: DWORD
    pAreaGuid: LPCGUID
    dwEvent: DWORD
    pszEventName: LPCWSTR
    dwEventVersion: DWORD
    dwVerbosity: DWORD
    pActivityGuid: LPCGUID
    pRelatedActivityGuid: LPCGUID
    dwTimeStamp: DWORD
    dwFlags: DWORD
    cEventItems: DWORD
    pEventItems: Ptr[HTTP_TRACE_EVENT_ITEM]


class HTTP_TRACE_EVENT_ITEM(Struct):
    """One value of a trace event."""

    pszName: LPCWSTR
    dwDataType: HTTP_TRACE_TYPE
    pbData: PBYTE
    cbData: DWORD
    pszDataDescription: LPCWSTR
