"""What requests and responses have in common: the header slots over a raw struct (fact sheet 5.2 and 5.3)."""

from __future__ import annotations

from typing import Any, TypeGuard

from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_DATA, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.headers import Headers
from pyiismod.host.trace import current
from pyiismod.rules.registration import WRONG_VTABLE_ORDER

_LOWEST_POINTER = 0x10000  # nothing is ever mapped below


def get_header(headers: Headers, key: int | bytes | None, pcchHeaderValue: Any) -> Any:
    """``GetHeader``: a pointer or NULL; the length is written in both cases, because modules go by it."""
    found = headers.find(key) if _is_usable(key, headers) else None
    pointer, length = found or (ffi.NULL, 0)
    if pcchHeaderValue:
        pcchHeaderValue[0] = length
    return pointer


def set_header(headers: Headers, key: int | bytes | None, pszHeaderValue: Any, cch: int, replace: bool) -> int:
    """``SetHeader``: the value is copied; CR and LF are refused ("Breaking Changes" item 13)."""
    if not pszHeaderValue or not _is_usable(key, headers):
        return ERROR_INVALID_PARAMETER
    value = ffi.buffer(pszHeaderValue, cch)[:]
    if b"\r" in value or b"\n" in value:
        return ERROR_INVALID_PARAMETER
    return S_OK if headers.set(key, value, replace=replace) else ERROR_INVALID_DATA


def delete_header(headers: Headers, key: int | bytes | None) -> int:
    """``DeleteHeader``: S_OK also when there is none."""
    if not _is_usable(key, headers):
        return ERROR_INVALID_PARAMETER
    headers.delete(key)
    return S_OK


def name_of(pszHeaderName: Any) -> bytes | None:
    """Return a header's name as bytes, or None for NULL and the empty name."""
    if not pszHeaderName:
        return None
    if (number := int(ffi.cast("uintptr_t", pszHeaderName))) < _LOWEST_POINTER:
        _blame_the_compiler(number)
        return None
    return bytes(ffi.string(pszHeaderName)) or None


def _blame_the_compiler(number: int) -> None:
    """Note a call by number that came in the slot of the overload by name."""
    if (frame := current()) is not None:
        text = f"the number {number} came where a name belongs: the overloads stand in another order in the module"
        frame.timeline.violation(WRONG_VTABLE_ORDER, text)


def _is_usable(key: int | bytes | None, headers: Headers) -> TypeGuard[int | bytes]:
    return headers.is_known(key) if isinstance(key, int) else key is not None
