"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttprequest-interface

The request object. The native ``HTTP_REQUEST`` is its state: modules read and write the struct directly, so every slot
reads it back (fact sheet 5.2 and 5.11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.request import IHttpRequest4
from pyiismod.host._abi import ffi
from pyiismod.host.entity import EntityBody
from pyiismod.host.errors import ERROR_HANDLE_EOF, ERROR_INVALID_PARAMETER, ERROR_NOT_FOUND, S_OK
from pyiismod.host.headers import LONGEST, Headers
from pyiismod.host.message import delete_header, get_header, name_of, set_header
from pyiismod.host.objects import NativeObject
from pyiismod.host.refusal import Refused
from pyiismod.host.request_struct import HEADERS, VERB_UNKNOWN, VERBS, build
from pyiismod.host.url import Url

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.incoming import Incoming

_VERB_NAMES = {value: name for name, value in VERBS.items()}


class Request(NativeObject, IHttpRequest4):
    """One request as a module sees it.

    Args:
        exchange: what it belongs to; its pool holds everything handed out here.
        incoming: what came over the wire.
    """

    def __init__(self, exchange: Exchange, incoming: Incoming) -> None:
        super().__init__(exchange.timeline)
        self._exchange = exchange
        self._pool = pool = exchange.pool
        raw, preloaded, rest = build(pool, incoming, exchange.settings.upload_read_ahead)
        self.raw: Any = raw
        self.headers = Headers(raw.Headers, HEADERS, pool)
        self.url: Url = incoming.url
        self.is_url_changed = False
        self.body = EntityBody(preloaded, rest)

    def _set_verb(self, method: bytes) -> None:
        raw = self.raw
        raw.Verb = VERBS.get(method, VERB_UNKNOWN)
        unknown = raw.Verb == VERB_UNKNOWN
        raw.pUnknownVerb = self._pool.data(method) if unknown else ffi.NULL
        raw.UnknownVerbLength = len(method) if unknown else 0

    @property
    def method(self) -> bytes:
        """The verb, whether http.sys knows it or not."""
        if self.raw.Verb in _VERB_NAMES:
            return _VERB_NAMES[int(self.raw.Verb)]
        if not self.raw.pUnknownVerb:
            return b""
        unknown: bytes = ffi.buffer(self.raw.pUnknownVerb, self.raw.UnknownVerbLength)[:]
        return unknown

    def GetRawHttpRequest_const(self) -> Any:
        return self.raw

    def GetRawHttpRequest_mutable(self) -> Any:
        return self.raw

    def GetHeader_id(self, ulHeaderIndex: int, pcchHeaderValue: Any = None) -> Any:
        return get_header(self.headers, ulHeaderIndex, pcchHeaderValue)

    def GetHeader_name(self, pszHeaderName: Any, pcchHeaderValue: Any = None) -> Any:
        return get_header(self.headers, name_of(pszHeaderName), pcchHeaderValue)

    def SetHeader_id(self, ulHeaderIndex: int, pszHeaderValue: Any, cchHeaderValue: int, fReplace: int) -> int:
        return set_header(self.headers, ulHeaderIndex, pszHeaderValue, cchHeaderValue, bool(fReplace))

    def SetHeader_name(self, pszHeaderName: Any, pszHeaderValue: Any, cchHeaderValue: int, fReplace: int) -> int:
        return set_header(self.headers, name_of(pszHeaderName), pszHeaderValue, cchHeaderValue, bool(fReplace))

    def DeleteHeader_id(self, ulHeaderIndex: int) -> int:
        return delete_header(self.headers, ulHeaderIndex)

    def DeleteHeader_name(self, pszHeaderName: Any) -> int:
        return delete_header(self.headers, name_of(pszHeaderName))

    def GetHttpMethod(self) -> Any:
        return self._pool.data(self.method)

    def SetHttpMethod(self, pszHttpMethod: Any) -> int:
        method = name_of(pszHttpMethod)
        if method is None or len(method) > LONGEST:
            return ERROR_INVALID_PARAMETER
        self._set_verb(method)
        return S_OK

    def SetUrl_a(self, pszUrl: Any, cchUrl: int, fResetQueryString: int) -> int:
        if not pszUrl or cchUrl > LONGEST:
            return ERROR_INVALID_PARAMETER
        return self._set_url(bytes(ffi.buffer(pszUrl, cchUrl)).decode("latin-1"), fResetQueryString)

    def SetUrl_w(self, pszUrl: Any, cchUrl: int, fResetQueryString: int) -> int:
        if not pszUrl or cchUrl > LONGEST:
            return ERROR_INVALID_PARAMETER
        utf8 = str(ffi.unpack(pszUrl, cchUrl)).encode("utf-8", "surrogatepass")
        return self._set_url(utf8.decode("latin-1"), fResetQueryString)

    def _set_url(self, target: str, reset_query: int) -> int:
        if not reset_query and "?" not in target:
            target += self.url.query
        self.url = self.url.with_target(target)
        self.is_url_changed = True
        self._exchange.url_changed()
        return S_OK

    def GetUrlChanged(self) -> int:
        return int(self.is_url_changed)

    def GetForwardedUrl(self) -> Any:
        return ffi.NULL  # no URL is forwarded to another server here

    def GetLocalAddress(self) -> Any:
        return self.raw.Address.pLocalAddress

    def GetRemoteAddress(self) -> Any:
        return self.raw.Address.pRemoteAddress

    def ReadEntityBody(
        self, pvBuffer: Any, cbBuffer: int, fAsync: int, pcbBytesReceived: Any, pfCompletionPending: Any = None
    ) -> int:
        if fAsync and not pfCompletionPending:
            raise Refused  # then a completion must be posted, even for what is there already
        if not pvBuffer or not cbBuffer:
            return ERROR_INVALID_PARAMETER
        received = self.body.read(pvBuffer, cbBuffer)
        if pcbBytesReceived:
            pcbBytesReceived[0] = received
        if pfCompletionPending:
            pfCompletionPending[0] = 0
        return S_OK if received else ERROR_HANDLE_EOF

    def ReadEntityBody_flags(
        self,
        pvBuffer: Any,
        cbBuffer: int,
        fAsync: int,
        ulFlags: int,
        pcbBytesReceived: Any,
        pfCompletionPending: Any = None,
    ) -> int:
        return self.ReadEntityBody(pvBuffer, cbBuffer, fAsync, pcbBytesReceived, pfCompletionPending)

    def InsertEntityBody(self, pvBuffer: Any, cbBuffer: int) -> int:
        if not pvBuffer and cbBuffer:
            return ERROR_INVALID_PARAMETER
        self.body.insert(pvBuffer, cbBuffer)
        return S_OK

    def GetRemainingEntityBytes(self) -> int:
        return min(self.body.remaining, 0xFFFFFFFF)

    def GetHttpVersion(self, pMajorVersion: Any, pMinorVersion: Any) -> None:
        if pMajorVersion:
            pMajorVersion[0] = self.raw.Version.MajorVersion
        if pMinorVersion:
            pMinorVersion[0] = self.raw.Version.MinorVersion

    def GetClientCertificate(self, ppClientCertInfo: Any, pfClientCertNegotiated: Any) -> int:
        if not ppClientCertInfo or not pfClientCertNegotiated:
            return ERROR_INVALID_PARAMETER
        return ERROR_NOT_FOUND  # no client certificate can be configured

    def GetSiteId(self) -> int:
        return self._exchange.settings.site_id
