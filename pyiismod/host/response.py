"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpresponse-interface

The response object. The native ``HTTP_RESPONSE`` is its state (fact sheet 5.3). What leaves for the client goes through
:meth:`pyiismod.host.exchange.Exchange.send`, which tells SEND_RESPONSE modules first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.http import REASONS
from pyiismod.abi.response import IHttpResponse4
from pyiismod.host import cookies, handles
from pyiismod.host._abi import ffi
from pyiismod.host.entity_chunks import FROM_FILE, FROM_MEMORY, MOST, TRAILERS, EntityChunks
from pyiismod.host.errorpages import escaped
from pyiismod.host.errors import (
    ERROR_ARITHMETIC_OVERFLOW,
    ERROR_CONNECTION_INVALID,
    ERROR_INVALID_DATA,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    S_OK,
)
from pyiismod.host.fragments import NAMED
from pyiismod.host.headers import LONGEST, Headers
from pyiismod.host.http2 import Http2Slots
from pyiismod.host.message import delete_header, get_header, name_of, set_header
from pyiismod.host.objects import NativeObject
from pyiismod.host.refusal import Refused
from pyiismod.host.response_struct import CHUNKS, HEADERS, LINES, SERVER, SET_COOKIE, ResponseStruct
from pyiismod.host.whereabouts import where
from pyiismod.pipeline import Completion
from pyiismod.rules.body import AFTER_THE_END, MERGED_COOKIES, TOO_LATE, TOO_MANY_CHUNKS

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.wire import Sending

_WRITE = 2  # GetCompletedOperation (the number is unconfirmed)


class Response(Http2Slots, NativeObject, IHttpResponse4):
    """One response as a module sees it.

    Args:
        exchange: what it belongs to; its pool holds everything handed out here.

    Attributes:
        raw: the native ``HTTP_RESPONSE``.
        substatus, error, skip_custom_errors: what ``SetStatus`` was told besides.
        description: what ``SetErrorDescription`` was told, as HTML.
        is_buffered: until ``DisableBuffering``.
        headers_suppressed, needs_disconnect: how it ends on the wire.
        set_by: (module's name, ``RQ_*`` bit) of who set the status; (None, 0) for IIS itself.
    """

    substatus = 0
    error = S_OK
    skip_custom_errors = False
    set_by: tuple[str | None, int] = (None, 0)

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.timeline)
        self._exchange = exchange
        self._pool = pool = exchange.pool
        self._struct = made = ResponseStruct(pool, exchange.settings.server_software)
        self.raw: Any = made.raw
        self.headers = Headers(self.raw.Headers, HEADERS, pool, (made.lines, LINES))
        room = (made.chunks, CHUNKS)
        self.chunks = EntityChunks(self.raw, pool, exchange.timeline, exchange.process.fragments, exchange.lent, room)
        self.is_buffered = True
        self.is_kernel_cache_enabled = True
        self.headers_suppressed: bool = False
        self.needs_disconnect = False
        self.description: str | None = None

    def _forget_status(self) -> None:
        self.substatus, self.error, self.skip_custom_errors = 0, S_OK, False
        self.set_by = (None, 0)

    def _reset(self, *, headers_only: bool = False) -> None:
        self._struct.reset(headers_only=headers_only)
        self.headers.adopt(self._struct.lines, LINES)
        if not headers_only:
            self.chunks.clear()
            self._forget_status()

    def _set_status(
        self, code: int, reason: bytes, substatus: int = 0, error: int = S_OK, skip_custom_errors: bool = False
    ) -> None:
        self.raw.StatusCode = code
        self.raw.pReason, self.raw.ReasonLength = self._pool.data(reason), len(reason)
        self.substatus = substatus
        self.error = error
        self.skip_custom_errors = skip_custom_errors
        self.set_by = (None, 0)

    def respond(self, code: int, reason: str = "") -> None:
        """Turn this into an answer of IIS's own; the body goes."""
        self.chunks.clear()
        self._set_status(code, (reason or REASONS.get(code, "")).encode("latin-1", "replace"))

    def fail(self, code: int, substatus: int = 0, error: int = S_OK) -> None:
        """Turn this into IIS's own error response; the body goes."""
        self.chunks.clear()
        self._set_status(code, REASONS.get(code, "").encode(), substatus, error)

    @property
    def status(self) -> int:
        """Status code as it stands in the native struct."""
        return int(self.raw.StatusCode)

    @property
    def reason(self) -> bytes:
        """Reason phrase as it stands in the native struct."""
        return bytes(ffi.buffer(self.raw.pReason, self.raw.ReasonLength)) if self.raw.pReason else b""

    def GetRawHttpResponse_const(self) -> Any:
        return self.raw

    def GetRawHttpResponse_mutable(self) -> Any:
        return self.raw

    def GetCachePolicy(self) -> Any:
        return self._exchange.around.cache_policy.pointer

    def SetStatus(
        self,
        statusCode: int,
        pszReason: Any,
        uSubStatus: int = 0,
        hrErrorToReport: int = S_OK,
        pException: Any = None,
        fTrySkipCustomErrors: int = 0,
    ) -> int:
        self._check_not_sent("SetStatus")
        reason = bytes(ffi.string(pszReason)) if pszReason else b""
        if len(reason) > LONGEST:
            return ERROR_INVALID_DATA
        self._set_status(statusCode, reason, uSubStatus, hrErrorToReport, bool(fTrySkipCustomErrors))
        self.set_by = where(self._exchange)
        return S_OK

    def GetStatus(
        self,
        pStatusCode: Any,
        pSubStatus: Any = None,
        ppszReason: Any = None,
        pcchReason: Any = None,
        phrErrorToReport: Any = None,
        ppszModule: Any = None,
        pdwNotification: Any = None,
        ppException: Any = None,
        pfTrySkipCustomErrors: Any = None,
    ) -> None:
        module, notification = self.set_by
        for pointer, value in (
            (pStatusCode, self.status),
            (pSubStatus, self.substatus),
            (ppszReason, self.raw.pReason),
            (pcchReason, self.raw.ReasonLength),
            (phrErrorToReport, self.error),
            (pdwNotification, notification),
            (ppException, ffi.NULL),
            (pfTrySkipCustomErrors, int(self.skip_custom_errors)),
        ):
            if pointer:
                pointer[0] = value
        if ppszModule:
            ppszModule[0] = self._pool.wide(module) if module else ffi.NULL

    def SetHeader_id(self, ulHeaderIndex: int, pszHeaderValue: Any, cchHeaderValue: int, fReplace: int) -> int:
        self._check_not_sent("SetHeader")
        if ulHeaderIndex == SET_COOKIE:
            self._check_cookie(pszHeaderValue, cchHeaderValue, fReplace)
        if ulHeaderIndex == SERVER and pszHeaderValue:
            # By id the line that is there stays; only an empty value takes it away (fact sheet 5.3).
            if not cchHeaderValue:
                return delete_header(self.headers, SERVER)
            fReplace = 0
        return set_header(self.headers, ulHeaderIndex, pszHeaderValue, cchHeaderValue, bool(fReplace))

    def SetHeader_name(self, pszHeaderName: Any, pszHeaderValue: Any, cchHeaderValue: int, fReplace: int) -> int:
        self._check_not_sent("SetHeader")
        name = name_of(pszHeaderName)
        if name is not None and name.lower() == b"set-cookie":
            self._check_cookie(pszHeaderValue, cchHeaderValue, fReplace)
        return set_header(self.headers, name, pszHeaderValue, cchHeaderValue, bool(fReplace))

    def _check_cookie(self, value: Any, size: int, replace: int) -> None:
        there = [line for name, line in self.headers.items() if name.lower() == b"set-cookie"] if replace else []
        if value and (what := cookies.fault(bytes(ffi.buffer(value, size)), there)):
            self.timeline.violation(MERGED_COOKIES, what)

    def DeleteHeader_id(self, ulHeaderIndex: int) -> int:
        self._check_not_sent("DeleteHeader")
        delete_header(self.headers, ulHeaderIndex)
        return S_OK

    def DeleteHeader_name(self, pszHeaderName: Any) -> int:
        self._check_not_sent("DeleteHeader")
        delete_header(self.headers, name_of(pszHeaderName))
        return S_OK

    def GetHeader_id(self, ulHeaderIndex: int, pcchHeaderValue: Any = None) -> Any:
        return get_header(self.headers, ulHeaderIndex, pcchHeaderValue)

    def GetHeader_name(self, pszHeaderName: Any, pcchHeaderValue: Any = None) -> Any:
        return get_header(self.headers, name_of(pszHeaderName), pcchHeaderValue)

    def Clear(self) -> None:
        self._reset()

    def ClearHeaders(self) -> None:
        self._reset(headers_only=True)

    def SetNeedDisconnect(self) -> None:
        self.needs_disconnect = True

    def ResetConnection(self) -> None:
        self._exchange.outgoing.abort()

    def CloseConnection(self) -> None:
        self._exchange.outgoing.abort()

    def DisableKernelCache(self, reason: int = 9) -> None:
        self.is_kernel_cache_enabled = False

    def GetKernelCacheEnabled(self) -> int:
        return int(self.is_kernel_cache_enabled)

    def SuppressHeaders(self) -> None:
        self._check_not_sent("SuppressHeaders")
        self.headers_suppressed = True

    def GetHeadersSuppressed(self) -> int:
        return int(self.headers_suppressed)

    def DisableBuffering(self) -> None:
        self.is_buffered = False

    def Flush(self, fAsync: int, fMoreData: int, pcbSent: Any, pfCompletionExpected: Any = None) -> int:
        return self._flush(fAsync, fMoreData, None, pcbSent, pfCompletionExpected)

    def Flush_callback(
        self,
        fAsync: int,
        fMoreData: int,
        pfnCompletionCallback: Any,
        pvCompletionContext: Any,
        pcbSent: Any,
        pfCompletionExpected: Any = None,
    ) -> int:
        if not pfnCompletionCallback:
            return ERROR_INVALID_PARAMETER
        callback = (pfnCompletionCallback, pvCompletionContext)
        return self._flush(fAsync, fMoreData, callback, pcbSent, pfCompletionExpected)

    def _flush(self, fAsync: int, fMoreData: int, callback: Any, pcbSent: Any, pfCompletionExpected: Any) -> int:
        x = self._exchange
        if x.outgoing.aborted:
            return ERROR_CONNECTION_INVALID
        if fAsync and x.outgoing.line is not None:
            return self._leaves("Flush", x.send_later(bool(fMoreData)), callback, pcbSent, pfCompletionExpected)
        sent = x.send(more=bool(fMoreData))
        return self._sent("Flush", sent, fAsync, callback, pcbSent, pfCompletionExpected, is_slow=True)

    def _sent(
        self,
        what: str,
        sent: int,
        fAsync: int,
        callback: Any,
        pcbSent: Any,
        pfCompletionExpected: Any,
        *,
        is_slow: bool,
    ) -> int:
        status = ERROR_CONNECTION_INVALID if self._exchange.outgoing.aborted else S_OK
        if not fAsync:
            if pcbSent:
                pcbSent[0] = sent & 0xFFFFFFFF
            if pfCompletionExpected:
                pfCompletionExpected[0] = 0
            return status
        completion = Completion(what, sent, status, callback, _WRITE)
        return self._conclude(completion, fAsync, pcbSent, pfCompletionExpected, is_slow=is_slow)

    def _leaves(self, what: str, sending: Sending, callback: Any, pcbSent: Any, pfCompletionExpected: Any) -> int:
        """Conclude a send to a client that takes the response at once: it is over when the client has taken it."""
        completion = Completion(
            what, callback=callback, operation=_WRITE, work=sending.perform, wake=self._exchange.outgoing.wake
        )
        sending.completion = completion
        return self._conclude(completion, 1, pcbSent, pfCompletionExpected, is_slow=True)

    def _conclude(
        self, completion: Completion, fAsync: int, pcbSent: Any, pfCompletionExpected: Any, *, is_slow: bool
    ) -> int:
        if pcbSent:
            pcbSent[0] = 0
        answer = self._exchange.conclude(completion, fAsync, pfCompletionExpected, is_slow=is_slow)
        if pcbSent and not completion.is_posted:
            pcbSent[0] = completion.size & 0xFFFFFFFF  # 0 for what was merely buffered
        return answer

    def Redirect(self, pszUrl: Any, fResetStatusCode: int = 1, fIncludeParameters: int = 0) -> int:
        url = name_of(pszUrl)
        if url is None or b"\r" in url or b"\n" in url:
            return ERROR_INVALID_PARAMETER
        base = self._exchange.request.url
        query = base.query if fIncludeParameters else ""
        url = base.absolute(url.decode("latin-1") + query).encode("latin-1")
        if len(url) > LONGEST:
            return ERROR_INVALID_PARAMETER
        self._check_not_sent("Redirect")
        self.chunks.clear()
        if fResetStatusCode:
            self._set_status(302, b"Redirect")
            self.set_by = where(self._exchange)
            self.headers.set(b"Location", url, replace=True)
        self.headers.set(b"Content-Type", b"text/html; charset=UTF-8", replace=True)
        self.chunks.append(
            b"<head><title>Object moved</title></head>\n<body><h1>Object Moved</h1>This object may be found "
            b'<a HREF="' + url.replace(b'"', b"%22") + b'">here</a></body>'
        )
        return S_OK

    def WriteEntityChunkByReference(self, pDataChunk: Any, lInsertPosition: int = -1) -> int:
        if not pDataChunk or lInsertPosition < -1 or lInsertPosition > len(self.chunks):
            return ERROR_INVALID_PARAMETER
        if not _is_sound(pDataChunk):
            return ERROR_INVALID_PARAMETER
        self._check_not_ended("WriteEntityChunkByReference")
        if pDataChunk.DataChunkType == TRAILERS:
            return S_OK if self.chunks.take_trailers(pDataChunk) else ERROR_INVALID_PARAMETER
        if len(self.chunks) >= MOST:
            return self._too_many()
        if pDataChunk.DataChunkType == FROM_MEMORY:
            self._exchange.lent.add(pDataChunk.FromMemory.pBuffer, "WriteEntityChunkByReference")
        self.chunks.insert(pDataChunk, len(self.chunks) if lInsertPosition == -1 else lInsertPosition)
        return S_OK

    def WriteEntityChunks(
        self,
        pDataChunks: Any,
        nChunks: int,
        fAsync: int,
        fMoreData: int,
        pcbSent: Any,
        pfCompletionExpected: Any = None,
    ) -> int:
        return self._write(pDataChunks, nChunks, fAsync, fMoreData, None, pcbSent, pfCompletionExpected)

    def WriteEntityChunks_callback(
        self,
        pDataChunks: Any,
        nChunks: int,
        fAsync: int,
        fMoreData: int,
        pfnCompletionCallback: Any,
        pvCompletionContext: Any,
        pcbSent: Any,
        pfCompletionExpected: Any = None,
    ) -> int:
        if not pfnCompletionCallback:
            return ERROR_INVALID_PARAMETER
        callback = (pfnCompletionCallback, pvCompletionContext)
        return self._write(pDataChunks, nChunks, fAsync, fMoreData, callback, pcbSent, pfCompletionExpected)

    def _write(
        self,
        pDataChunks: Any,
        nChunks: int,
        fAsync: int,
        fMoreData: int,
        callback: Any,
        pcbSent: Any,
        pfCompletionExpected: Any,
    ) -> int:
        if not pDataChunks:
            return ERROR_INVALID_PARAMETER
        x, what = self._exchange, "WriteEntityChunks"
        if x.outgoing.aborted:
            return ERROR_CONNECTION_INVALID
        before = len(self.chunks)
        if before + nChunks > MOST:
            return self._too_many()
        for i in range(nChunks):
            if not _is_sound(pDataChunks[i]):
                return ERROR_INVALID_PARAMETER
        self._check_not_ended(what)
        try:
            for i in range(nChunks):
                chunk = pDataChunks[i]
                if chunk.DataChunkType != TRAILERS:
                    self.chunks.append_copy(chunk)
                elif not self.chunks.take_trailers(chunk):
                    self.chunks.truncate(before)
                    return ERROR_INVALID_PARAMETER
        except handles.Unreadable:
            self.chunks.truncate(before)
            return ERROR_INVALID_HANDLE
        if fAsync and x.outgoing.line is not None and x.is_due:
            sending = x.send_later(bool(fMoreData) or self.is_buffered)
            return self._leaves(what, sending, callback, pcbSent, pfCompletionExpected)
        sent = x.written(more=bool(fMoreData))
        return self._sent(what, sent, fAsync, callback, pcbSent, pfCompletionExpected, is_slow=sent > 0)

    def SetErrorDescription(self, pszDescription: Any, cchDescription: int, fHtmlEncode: int = 1) -> int:
        if not pszDescription:
            return ERROR_INVALID_PARAMETER
        text = str(ffi.unpack(pszDescription, cchDescription))
        if fHtmlEncode:
            text = escaped(text)
        self.description = text
        return S_OK

    def GetErrorDescription(self, pcchDescription: Any = None) -> Any:
        text = self._pool.counted(self.description or "", pcchDescription)
        return ffi.NULL if self.description is None else text

    def _too_many(self) -> int:
        self.timeline.violation(TOO_MANY_CHUNKS, f"the response has {len(self.chunks)} chunks; it takes no more")
        return ERROR_ARITHMETIC_OVERFLOW

    def _check_not_sent(self, method: str) -> None:
        """Note a change that comes too late; IIS takes it silently (fact sheet 5.3)."""
        if self._exchange.outgoing.started:
            self.timeline.violation(TOO_LATE, f"IHttpResponse::{method} after the headers were sent has no effect")

    def _check_not_ended(self, method: str) -> None:
        if self._exchange.outgoing.ended:
            self.timeline.violation(
                AFTER_THE_END, f"IHttpResponse::{method} after the end of the response has no effect"
            )


def _is_sound(chunk: Any) -> bool:
    """Return whether a chunk points to what it claims.

    Raises:
        Refused: it is of a type that cannot be sent.
    """
    kind = chunk.DataChunkType
    if kind == FROM_MEMORY:
        memory = chunk.FromMemory
        return bool(memory.pBuffer) or not memory.BufferLength
    if kind == TRAILERS:
        return bool(chunk.Trailers.pTrailers) or not chunk.Trailers.TrailerCount
    if kind == FROM_FILE:
        return handles.is_handle(chunk.FromFileHandle.FileHandle)
    if kind not in NAMED:
        raise Refused
    return True
