"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttprequest-interface

The request object. The native ``HTTP_REQUEST`` is its state: modules read and write the struct directly, so every slot
reads it back (fact sheet 5.2 and 5.11). Both are made when somebody first asks for them: many modules never do.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import RQ_EXECUTE_REQUEST_HANDLER, request_notification_names
from pyiismod.abi.request import IHttpRequest4
from pyiismod.host._abi import ffi
from pyiismod.host.entity import EntityBody
from pyiismod.host.errors import (
    E_FAIL,
    ERROR_CONNECTION_INVALID,
    ERROR_HANDLE_EOF,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_FOUND,
    ERROR_OPERATION_ABORTED,
    S_OK,
)
from pyiismod.host.headers import LONGEST, Headers
from pyiismod.host.incoming import ClientGone, GivenUp
from pyiismod.host.message import delete_header, get_header, name_of, set_header
from pyiismod.host.nested import read_entity
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.request_struct import HEADERS, VERB_UNKNOWN, VERBS, build, guard
from pyiismod.host.trace import Frame, current
from pyiismod.host.url import Url
from pyiismod.pipeline import Completion
from pyiismod.rules.body import BODY_NOT_PUT_BACK, SET_URL_TOO_LATE, SPINS_AT_EOF

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.incoming import Incoming

READ = 1  # GetCompletedOperation: "read finished" (fact sheet, section 0)
_SPINS = 1000
_VERB_NAMES = {value: name for name, value in VERBS.items()}
_lock = RLock()  # one for all requests: making one costs more under Wine than a request may


class Request(NativeObject, IHttpRequest4):
    """One request as a module sees it.

    Args:
        exchange: what it belongs to; its pool holds everything handed out here.
        incoming: what came over the wire.

    Attributes:
        raw: the native ``HTTP_REQUEST``.
        headers: view of its headers.
        body: what is unread of the entity.
    """

    raw: Any
    headers: Headers
    body: EntityBody

    def __init__(self, exchange: Exchange, incoming: Incoming) -> None:
        self.timeline = exchange.timeline
        self._exchange = exchange
        self._pool = exchange.pool
        self._incoming = incoming
        self.url: Url = incoming.url
        self.is_url_changed = False
        self._reader: Frame | None = None  # who has read of the body and put nothing back
        self._ends = 0  # reads in a row that met the end

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Make what is missing: the native struct and what hangs on it, or the native object."""
            if name in ("raw", "headers", "body"):
                with _lock:
                    if "raw" not in self.__dict__:
                        self._build()
            elif name in ("this", "pointer"):
                with _lock:
                    if "pointer" not in self.__dict__:
                        super().__init__(self.timeline)
                        self._exchange.objects.append(self)
            else:
                raise AttributeError(name)
            return self.__dict__[name]

    def _build(self) -> None:
        raw, preloaded, rest = build(self._pool, self._incoming, self._exchange.settings.upload_read_ahead)
        self.headers = Headers(raw.Headers, HEADERS, self._pool)
        self.body = EntityBody(self._incoming, preloaded, rest, self._exchange.lent)
        if self._pool.is_guarded:
            guard(raw, self._pool)
        self.raw = raw  # last: it says that the others are there

    def _set_verb(self, method: bytes) -> None:
        raw = self.raw
        raw.Verb = VERBS.get(method, VERB_UNKNOWN)
        unknown = raw.Verb == VERB_UNKNOWN
        raw.pUnknownVerb = self._pool.data(method) if unknown else ffi.NULL
        raw.UnknownVerbLength = len(method) if unknown else 0

    @property
    def method(self) -> bytes:
        """The verb, whether http.sys knows it or not."""
        if "raw" not in self.__dict__:
            return self._incoming.method.encode("latin-1")
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
        frame = current()
        if frame is not None and frame.bit and self._exchange.parent is None:
            name = request_notification_names(frame.bit)[0]
            self.timeline.violation(SET_URL_TOO_LATE, f"SetUrl was called in {name} of a request that is no clone")
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
        return self._read(pvBuffer, cbBuffer, fAsync, None, pcbBytesReceived, pfCompletionPending)

    def ReadEntityBody_callback(
        self,
        pvBuffer: Any,
        cbBuffer: int,
        fAsync: int,
        pfnCompletionCallback: Any,
        pvCompletionContext: Any,
        pcbBytesReceived: Any,
        pfCompletionPending: Any = None,
    ) -> int:
        if not pfnCompletionCallback:
            return ERROR_INVALID_PARAMETER
        callback = (pfnCompletionCallback, pvCompletionContext)
        return self._read(pvBuffer, cbBuffer, fAsync, callback, pcbBytesReceived, pfCompletionPending)

    def _read(
        self, pvBuffer: Any, cbBuffer: int, fAsync: int, callback: Any, pcbBytesReceived: Any, pfCompletionPending: Any
    ) -> int:
        if not pvBuffer or not cbBuffer:
            return ERROR_INVALID_PARAMETER
        completion = Completion(
            "ReadEntityBody",
            callback=callback,
            operation=READ,
            work=lambda mine: self._receive_entity(pvBuffer, cbBuffer, mine),
            wake=self.body.wake,
        )
        if pcbBytesReceived:
            pcbBytesReceived[0] = 0
        answer = self._exchange.conclude(completion, fAsync, pfCompletionPending, is_slow=self.body.is_on_the_wire)
        if pcbBytesReceived and not completion.is_posted:
            pcbBytesReceived[0] = completion.size
        return answer

    def _receive_entity(self, buffer: Any, size: int, completion: Completion) -> tuple[int, int]:
        """Read, waiting for the client where that is needed; return size and status."""
        if self.body.is_on_the_wire:
            self._exchange.outgoing.invite(self._exchange.incoming)
        try:
            received = self.body.read(buffer, size, lambda: completion.is_wanted)
            received = read_entity(self._exchange, buffer, received, size)
        except GivenUp:
            return 0, ERROR_OPERATION_ABORTED
        except ClientGone:
            self._exchange.lose_client()
            return 0, ERROR_CONNECTION_INVALID
        if received:
            self._ends = 0
            self._note_reader()
            return received, S_OK
        return 0, self._end_of_body()

    def _end_of_body(self) -> int:
        """Return how the end of the body is told; after very many reads the other way, for loops that know that."""
        self._ends += 1
        if self._ends == _SPINS:
            self.timeline.violation(SPINS_AT_EOF, f"ReadEntityBody was called {_SPINS} times at the end of the body")
        is_success = self._exchange.settings.end_of_body_is_success ^ (self._ends > _SPINS)
        return S_OK if is_success else ERROR_HANDLE_EOF

    def _note_reader(self) -> None:
        frame = current()
        if frame is not None and frame.key is not None and frame.bit < RQ_EXECUTE_REQUEST_HANDLER:
            info = frame.key.key.registration
            if not (info.request_mask if info is not None else 0) & RQ_EXECUTE_REQUEST_HANDLER:
                self._reader = frame

    def check_body(self) -> None:
        """IIS's own handler is about to read the body: note who has taken it (fact sheet 6, mistake 9)."""
        if (reader := self._reader) is not None:
            text = f"{reader.module} has read the body and not put it back: the handler finds what is left"
            self.timeline.blame(reader, BODY_NOT_PUT_BACK, text, [])

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
        self._exchange.lent.add(pvBuffer, "InsertEntityBody")
        self._reader = None
        self.body.insert(pvBuffer, cbBuffer)
        return S_OK

    def GetRemainingEntityBytes(self) -> int:
        return min(self.body.remaining, 0xFFFFFFFF)

    def GetHttpVersion(self, pMajorVersion: Any, pMinorVersion: Any) -> None:
        if pMajorVersion:
            pMajorVersion[0] = self.raw.Version.MajorVersion
        if pMinorVersion:
            pMinorVersion[0] = self.raw.Version.MinorVersion

    @configured
    def GetClientCertificate(self, ppClientCertInfo: Any, pfClientCertNegotiated: Any) -> int:
        if not ppClientCertInfo or not pfClientCertNegotiated:
            return ERROR_INVALID_PARAMETER
        if not self._exchange.incoming.certificate:
            return ERROR_NOT_FOUND
        ppClientCertInfo[0], pfClientCertNegotiated[0] = self._client_certificate(), 1
        return S_OK

    def _client_certificate(self) -> Any:
        certificate = self._exchange.incoming.certificate
        info: Any = self._pool.zeroed("HTTP_SSL_CLIENT_CERT_INFO")
        info.CertEncodedSize = len(certificate)
        info.pCertEncoded = ffi.cast("UCHAR *", self._pool.data(certificate))
        return info

    @configured
    def NegotiateClientCertificate(self, fAsync: int, pfCompletionPending: Any = None) -> int:
        if not self._exchange.incoming.certificate:
            if pfCompletionPending:
                pfCompletionPending[0] = 0
            return E_FAIL
        completion = Completion("NegotiateClientCertificate")
        return self._exchange.conclude(completion, fAsync, pfCompletionPending, is_slow=True)

    @configured
    def GetChannelBindingToken(self, ppToken: Any, pTokenSize: Any) -> int:
        if not ppToken or not pTokenSize:
            return ERROR_INVALID_PARAMETER
        ppToken[0], pTokenSize[0] = ffi.NULL, 0  # hardening is off, as it is by default
        return S_OK

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
        return self._exchange.around.changes("request headers").report_headers(
            self.headers,
            dwOldChangeNumber,
            pdwNewChangeNumber,
            (knownHeaderSnapshot, diffedKnownHeaderIndices),
            (pdwUnknownHeaderSnapshot, ppUnknownHeaderNameSnapshot, ppUnknownHeaderValueSnapshot),
            (pdwDiffedUnknownHeaders, ppDiffedUnknownHeaderIndices),
        )

    def GetSiteId(self) -> int:
        return self._exchange.settings.site_id
