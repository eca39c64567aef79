"""The failures that slots return, under the names the reference uses for them.

Where the reference lists a bare Win32 name, ``HRESULT_FROM_WIN32`` of it is meant (fact sheet, introduction).
"""

from __future__ import annotations

from pyiismod.abi.hresult import hresult_from_win32

S_OK = 0
E_NOINTERFACE = 0x80004002
E_FAIL = 0x80004005
ERROR_FILE_NOT_FOUND = hresult_from_win32(2)
ERROR_NOT_ENOUGH_MEMORY = hresult_from_win32(8)
ERROR_INVALID_DATA = hresult_from_win32(13)
ERROR_HANDLE_EOF = hresult_from_win32(38)
ERROR_NOT_SUPPORTED = hresult_from_win32(50)
ERROR_INVALID_PARAMETER = hresult_from_win32(87)
ERROR_INSUFFICIENT_BUFFER = hresult_from_win32(122)
ERROR_ALREADY_EXISTS = hresult_from_win32(183)
ERROR_ARITHMETIC_OVERFLOW = hresult_from_win32(534)
ERROR_NOT_FOUND = hresult_from_win32(1168)
ERROR_INVALID_INDEX = hresult_from_win32(1413)
