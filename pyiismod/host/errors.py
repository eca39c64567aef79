"""The failures that slots return, under the names the reference uses for them.

Where the reference lists a bare Win32 name, ``HRESULT_FROM_WIN32`` of it is meant (fact sheet, introduction).
"""

from __future__ import annotations

from pyiismod.abi.hresult import (
    E_ACCESSDENIED,
    E_FAIL,
    E_INVALIDARG,
    E_NOINTERFACE,
    E_NOTIMPL,
    E_OUTOFMEMORY,
    S_OK,
    hresult_from_win32,
)

__all__ = [
    "ERROR_ACCESS_DENIED",
    "ERROR_ALREADY_ASSIGNED",
    "ERROR_ALREADY_EXISTS",
    "ERROR_ARITHMETIC_OVERFLOW",
    "ERROR_CONNECTION_INVALID",
    "ERROR_FILE_NOT_FOUND",
    "ERROR_HANDLE_EOF",
    "ERROR_INSUFFICIENT_BUFFER",
    "ERROR_INVALID_DATA",
    "ERROR_INVALID_HANDLE",
    "ERROR_INVALID_INDEX",
    "ERROR_INVALID_PARAMETER",
    "ERROR_LOGON_FAILURE",
    "ERROR_NOT_ENOUGH_MEMORY",
    "ERROR_NOT_FOUND",
    "ERROR_NOT_SUPPORTED",
    "ERROR_OPERATION_ABORTED",
    "ERROR_PATH_NOT_FOUND",
    "ERROR_STACK_OVERFLOW",
    "E_ACCESSDENIED",
    "E_FAIL",
    "E_INVALIDARG",
    "E_NOINTERFACE",
    "E_NOTIMPL",
    "E_OUTOFMEMORY",
    "S_OK",
]

ERROR_FILE_NOT_FOUND = hresult_from_win32(2)
ERROR_PATH_NOT_FOUND = hresult_from_win32(3)
ERROR_ACCESS_DENIED = hresult_from_win32(5)
ERROR_INVALID_HANDLE = hresult_from_win32(6)
ERROR_NOT_ENOUGH_MEMORY = hresult_from_win32(8)
ERROR_INVALID_DATA = hresult_from_win32(13)
ERROR_HANDLE_EOF = hresult_from_win32(38)
ERROR_NOT_SUPPORTED = hresult_from_win32(50)
ERROR_ALREADY_ASSIGNED = hresult_from_win32(85)
ERROR_INVALID_PARAMETER = hresult_from_win32(87)
ERROR_INSUFFICIENT_BUFFER = hresult_from_win32(122)
ERROR_ALREADY_EXISTS = hresult_from_win32(183)
ERROR_ARITHMETIC_OVERFLOW = hresult_from_win32(534)
ERROR_OPERATION_ABORTED = hresult_from_win32(995)
ERROR_STACK_OVERFLOW = hresult_from_win32(1001)
ERROR_NOT_FOUND = hresult_from_win32(1168)
ERROR_CONNECTION_INVALID = hresult_from_win32(1229)
ERROR_LOGON_FAILURE = hresult_from_win32(1326)
ERROR_INVALID_INDEX = hresult_from_win32(1413)
