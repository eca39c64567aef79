"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpresponse-interface

The slots of the response that are meant for HTTP/2: trailers, also those in chunks, are kept and can be read back, a
push is refused, and what concerns the stream ends it. Besides the header changes, which only managed code asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_DATA, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.headers import LONGEST, Headers
from pyiismod.host.message import name_of

if TYPE_CHECKING:
    from pyiismod.host.entity_chunks import EntityChunks
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.memory import RequestPool


class Http2Slots:
    """Part of :class:`~pyiismod.host.response.Response`."""

    _exchange: Exchange
    _pool: RequestPool
    headers: Headers
    chunks: EntityChunks
    needs_disconnect: bool

    @property
    def trailers(self) -> dict[bytes, bytes]:
        """Lower-case name → value."""
        return self.chunks.trailers

    def SetTrailer(self, pszHeaderName: Any, pszHeaderValue: Any, cchHeaderValue: int, fReplace: int) -> int:
        name = name_of(pszHeaderName)
        if name is None or not pszHeaderValue:
            return ERROR_INVALID_PARAMETER
        value = bytes(ffi.buffer(pszHeaderValue, cchHeaderValue))
        if b"\r" in value or b"\n" in value:
            return ERROR_INVALID_PARAMETER
        if not fReplace and (old := self.trailers.get(name.lower())):
            value = old + b", " + value
        if len(value) > LONGEST:
            return ERROR_INVALID_DATA
        self.trailers[name.lower()] = value
        return S_OK

    def GetTrailer(self, pszHeaderName: Any, pcchHeaderValue: Any = None) -> Any:
        value = self.trailers.get((name_of(pszHeaderName) or b"").lower())
        if pcchHeaderValue:
            pcchHeaderValue[0] = len(value or b"")
        return ffi.NULL if value is None else self._pool.data(value)

    def DeleteTrailer(self, pszHeaderName: Any) -> int:
        name = name_of(pszHeaderName)
        if name is None:
            return ERROR_INVALID_PARAMETER
        self.trailers.pop(name.lower(), None)
        return S_OK

    def ResetStream(self, errorCode: int) -> None:
        self._exchange.outgoing.abort()

    def SetNeedGoAway(self) -> None:
        self.needs_disconnect = True

    def GetHeaderChanges(
        self,
        dwOldChangeNumber: int,
        pdwNewChangeNumber: Any,
        knownHeaderSnapshot: Any,
        pdwUnknownHeaderSnapshot: Any,
        ppUnknownHeaderNameSnapshot: Any,
        ppUnknownHeaderValueSnapshot: Any,
        diffedKnownHeaderIndices: Any,
        pdwDiffedUnknownHeaders: Any,
        ppDiffedUnknownHeaderIndices: Any,
    ) -> int:
        return self._exchange.around.changes("response headers").report_headers(
            self.headers,
            dwOldChangeNumber,
            pdwNewChangeNumber,
            (knownHeaderSnapshot, diffedKnownHeaderIndices),
            (pdwUnknownHeaderSnapshot, ppUnknownHeaderNameSnapshot, ppUnknownHeaderValueSnapshot),
            (pdwDiffedUnknownHeaders, ppDiffedUnknownHeaderIndices),
        )
