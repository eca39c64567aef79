"""The defaults of an ``HTTP_RESPONSE``: what IIS itself puts there before any module, and again after ``Clear``.

The known Server slot is "", and the value of Server is a line of its own (fact sheet 5.3). All of it is put together as
bytes and copied at once, as :mod:`pyiismod.host.request_struct` does with requests.
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.headers import RESPONSE_HEADER_NAMES
from pyiismod.host._abi import ffi
from pyiismod.host.fields import UNKNOWN_HEADER, UNKNOWN_HEADER_SIZE, Fields
from pyiismod.host.headers import HeaderTable
from pyiismod.host.memory import RequestPool

HEADERS = HeaderTable(RESPONSE_HEADER_NAMES, listed=("Server", "Set-Cookie", "WWW-Authenticate"))
SERVER = RESPONSE_HEADER_NAMES.index("Server")
SET_COOKIE = RESPONSE_HEADER_NAMES.index("Set-Cookie")
LINES = 8
"""Unknown headers that fit without a new array."""

_STATUS = Fields(
    "HTTP_RESPONSE", "Version.MajorVersion", "Version.MinorVersion", "StatusCode", "ReasonLength", "pReason"
)
_LINES = Fields("HTTP_RESPONSE", "Headers.UnknownHeaderCount", "Headers.pUnknownHeaders")
_KNOWN = Fields("HTTP_KNOWN_HEADER", "RawValueLength", "pRawValue")
_SIZE = ffi.sizeof("HTTP_RESPONSE")
_HEADERS_AT, _HEADERS_SIZE = ffi.offsetof("HTTP_RESPONSE", "Headers"), ffi.sizeof("HTTP_RESPONSE_HEADERS")
_SERVER_AT = ffi.offsetof("HTTP_RESPONSE", "Headers", "KnownHeaders") + SERVER * ffi.sizeof("HTTP_KNOWN_HEADER")
_REASON, _NAME = b"OK", b"Server"
_ARRAY_SIZE = LINES * UNKNOWN_HEADER_SIZE
_REASON_AT = _ARRAY_SIZE
_EMPTY_AT = _REASON_AT + len(_REASON)
_NAME_AT = _EMPTY_AT + 1
_VALUE_AT = _NAME_AT + len(_NAME) + 1

_pointer = ffi.typeof("HTTP_RESPONSE *")
_array = ffi.typeof("HTTP_UNKNOWN_HEADER *")
_uintptr = ffi.typeof("uintptr_t")


def build(pool: RequestPool, server: bytes) -> tuple[Any, Any]:
    """Return a new response with its defaults, and the array of :data:`LINES` unknown headers that it has room for."""
    raw = ffi.cast(_pointer, pool.allocate(_SIZE))
    made, array = _defaults(pool, server)
    ffi.memmove(raw, made, _SIZE)
    return raw, array


def reset(raw: Any, pool: RequestPool, server: bytes, *, headers_only: bool = False) -> Any:
    """Put the defaults of the headers, or of everything, back; return the new array of unknown headers."""
    made, array = _defaults(pool, server)
    if headers_only:
        target = ffi.cast("char *", raw) + _HEADERS_AT
        ffi.memmove(target, made[_HEADERS_AT : _HEADERS_AT + _HEADERS_SIZE], _HEADERS_SIZE)
    else:
        ffi.memmove(raw, made, _SIZE)
    return array


def _defaults(pool: RequestPool, server: bytes) -> tuple[bytearray, Any]:
    tail = bytearray(_ARRAY_SIZE)
    tail += _REASON + b"\0" + _NAME + b"\0" + server + b"\0"
    block, view, offset = pool.reserve(len(tail))
    base = int(ffi.cast(_uintptr, block))
    UNKNOWN_HEADER.write(tail, len(_NAME), len(server), base + _NAME_AT, base + _VALUE_AT)
    view[offset : offset + len(tail)] = tail
    made = bytearray(_SIZE)
    _STATUS.write(made, 1, 1, 200, len(_REASON), base + _REASON_AT)
    _LINES.write(made, 1, base)
    _KNOWN.write(made, 0, base + _EMPTY_AT, at=_SERVER_AT)
    return made, ffi.cast(_array, block)
