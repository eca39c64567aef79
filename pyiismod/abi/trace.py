"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttptracecontext-interface

Failed request tracing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import NULL, S_OK, Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.trace_structs import HTTP_TRACE_CONFIGURATION, HTTP_TRACE_EVENT
    from pyiismod.abi.types import DWORD, HRESULT, HTTP_MODULE_ID, LPCGUID, PCWSTR, UCHAR, InOut, Nullable, Ptr


class IHttpTraceContext(
    Interface, iid="9f9098d5-915c-4294-a52e-66532a232bc9", implemented_by="host", first_seen="iis7.0"
):
    """Tracing for a request, or for the process."""

    @slot(0)
    def GetTraceConfiguration(self, pHttpTraceConfiguration: InOut[Ptr[HTTP_TRACE_CONFIGURATION]]) -> HRESULT: ...

    @slot(1)
    def SetTraceConfiguration(
        self,
        moduleId: HTTP_MODULE_ID,
        pHttpTraceConfiguration: Ptr[HTTP_TRACE_CONFIGURATION],
        cHttpTraceConfiguration: DWORD = 1,
    ) -> HRESULT: ...

    @slot(2)
    def RaiseTraceEvent(self, pTraceEvent: Ptr[HTTP_TRACE_EVENT]) -> HRESULT: ...

    @slot(3)
    def GetTraceActivityId(self) -> LPCGUID: ...

    @slot(4)
    def QuickTrace(
        self, pszData1: PCWSTR, pszData2: Nullable[PCWSTR] = NULL, hrLastError: HRESULT = S_OK, Level: UCHAR = 4
    ) -> HRESULT: ...
