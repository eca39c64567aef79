"""The defaults of an ``HTTP_RESPONSE``: what IIS itself puts there before any module, and again after ``Clear``.

The known Server slot is "", and the value of Server is a line of its own (fact sheet 5.3). One block of request memory
holds the struct, room for its arrays, and its strings; it is put together as bytes and copied at once, as
:mod:`pyiismod.host.request_struct` does with requests.
"""

from __future__ import annotations

from pyiismod.abi.headers import RESPONSE_HEADER_NAMES
from pyiismod.host._abi import ffi
from pyiismod.host.fields import KNOWN_HEADER, UNKNOWN_HEADER, UNKNOWN_HEADER_SIZE, Fields, together
from pyiismod.host.headers import HeaderTable
from pyiismod.host.memory import RequestPool

HEADERS = HeaderTable(RESPONSE_HEADER_NAMES, listed=("Server", "Set-Cookie", "WWW-Authenticate"))
SERVER = RESPONSE_HEADER_NAMES.index("Server")
SET_COOKIE = RESPONSE_HEADER_NAMES.index("Set-Cookie")
LINES = 8
"""Unknown headers that fit without a new array."""

CHUNKS = 8
"""Chunks of the body that fit without a new array."""

_STATUS = Fields(
    "HTTP_RESPONSE", "Version.MajorVersion", "Version.MinorVersion", "StatusCode", "ReasonLength", "pReason"
)
_LINES = Fields("HTTP_RESPONSE", "Headers.UnknownHeaderCount", "Headers.pUnknownHeaders")
_HEADERS_AT, _HEADERS_SIZE = ffi.offsetof("HTTP_RESPONSE", "Headers"), ffi.sizeof("HTTP_RESPONSE_HEADERS")
_SERVER_AT = ffi.offsetof("HTTP_RESPONSE", "Headers", "KnownHeaders") + SERVER * ffi.sizeof("HTTP_KNOWN_HEADER")
_REASON, _NAME = b"OK", b"Server"
_LINES_AT = ffi.sizeof("HTTP_RESPONSE")
_CHUNKS_AT = _LINES_AT + LINES * UNKNOWN_HEADER_SIZE
_REASON_AT = _CHUNKS_AT + CHUNKS * ffi.sizeof("HTTP_DATA_CHUNK")
_EMPTY_AT = _REASON_AT + len(_REASON)
_NAME_AT = _EMPTY_AT + 1
_VALUE_AT = _NAME_AT + len(_NAME) + 1

_pack = together((0, _STATUS), (0, _LINES), (_SERVER_AT, KNOWN_HEADER), (_LINES_AT, UNKNOWN_HEADER))
_STRINGS = bytes(_REASON_AT - _LINES_AT - UNKNOWN_HEADER.end) + _REASON + b"\0" + _NAME + b"\0"

_response = ffi.typeof("HTTP_RESPONSE *")
_line = ffi.typeof("HTTP_UNKNOWN_HEADER *")
_chunk = ffi.typeof("HTTP_DATA_CHUNK *")
_uintptr = ffi.typeof("uintptr_t")


class ResponseStruct:
    """A response with its defaults.

    Args:
        pool: where it lies.
        server: value of the header Server.

    Attributes:
        raw: the ``HTTP_RESPONSE``.
        lines: room for :data:`LINES` unknown headers.
        chunks: room for :data:`CHUNKS` chunks.
    """

    __slots__ = ("_made", "_offset", "_view", "chunks", "lines", "raw")

    def __init__(self, pool: RequestPool, server: bytes) -> None:
        block, self._view, self._offset = pool.reserve(_VALUE_AT + len(server) + 1)
        base = int(ffi.cast(_uintptr, block))
        self._made = (
            _pack(
                *(1, 1, 200, len(_REASON), base + _REASON_AT, 1, base + _LINES_AT, 0, base + _EMPTY_AT),
                *(len(_NAME), len(server), base + _NAME_AT, base + _VALUE_AT),
            )
            + _STRINGS
            + server
            + b"\0"
        )
        self.raw = ffi.cast(_response, block)
        self.lines = ffi.cast(_line, block + _LINES_AT)
        self.chunks = ffi.cast(_chunk, block + _CHUNKS_AT)
        self._view[self._offset : self._offset + len(self._made)] = self._made

    def reset(self, *, headers_only: bool = False) -> None:
        """Put the defaults of the headers, or of everything, back; what values of modules' own lie in stays."""
        if headers_only:
            self._restore(_HEADERS_AT, _HEADERS_AT + _HEADERS_SIZE)
            self._restore(_LINES_AT, _CHUNKS_AT)
            self._restore(_EMPTY_AT, len(self._made))
        else:
            self._view[self._offset : self._offset + len(self._made)] = self._made

    def _restore(self, start: int, end: int) -> None:
        self._view[self._offset + start : self._offset + end] = self._made[start:end]
