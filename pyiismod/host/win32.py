"""The one door to Win32: DLLs and what they export, files, tokens. Importable anywhere; works in a Windows process.

Paths are Windows paths. Handles and addresses are opaque cffi pointers that the caller must not free itself.
"""

from __future__ import annotations

from functools import lru_cache
from threading import local
from typing import Any

from pyiismod.host._abi import ffi

_LOAD_WITH_ALTERED_SEARCH_PATH = 0x8  # DLLs beside the module are found, as IIS finds them
_DONT_RESOLVE_DLL_REFERENCES = 0x1  # map the image, run nothing
_SEM_QUIET = 0x8003  # no dialog boxes: FAILCRITICALERRORS, NOGPFAULTERRORBOX, NOOPENFILEERRORBOX
_COINIT_MULTITHREADED = 0x0
_MAXIMUM_ALLOWED = 0x02000000
_TOKEN_DUPLICATE = 0x2
_SECURITY_IMPERSONATION = 2
_GENERIC_READ = 0x80000000
_FILE_SHARE_ALL = 0x7
_OPEN_EXISTING = 3
_FILE_FLAG_OVERLAPPED = 0x40000000
_DUPLICATE_SAME_ACCESS = 0x2
_ERROR_HANDLE_EOF = 38
_ERROR_IO_PENDING = 997

PRIMARY, IMPERSONATION = 1, 2
"""TOKEN_TYPE."""

INVALID_HANDLE = ffi.cast("HANDLE", -1)
_DLL_PROCESS_DETACH = 0
_ENTRY_POINT = 0x38  # of LDR_DATA_TABLE_ENTRY, 64 bits
_HEADERS, _IMAGE_SIZE = 0x3C, 0x50  # e_lfanew; SizeOfImage, from there
_WINE_MARK = b"Wine builtin DLL"  # stands behind the DOS header of Wine's own DLLs


_thread = local()


class Win32Error(Exception):
    """A Win32 call failed.

    Attributes:
        code: ``GetLastError``, unsigned; an exception code when DllMain threw.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"Win32 error {code}")
        self.code = code


@lru_cache(maxsize=1)
def _kernel32() -> Any:
    kernel32 = ffi.dlopen("kernel32.dll")
    kernel32.SetErrorMode(_SEM_QUIET)
    return kernel32


@lru_cache(maxsize=1)
def _ole32() -> Any:
    return ffi.dlopen("ole32.dll")


@lru_cache(maxsize=1)
def _advapi32() -> Any:
    return ffi.dlopen("advapi32.dll")


def process_token(kind: int) -> Any:
    """Return a duplicate of this process's token, which the caller closes.

    Args:
        kind: :data:`PRIMARY` or :data:`IMPERSONATION`.

    Raises:
        Win32Error: there is none to be had.
    """
    kernel32, advapi32 = _kernel32(), _advapi32()
    token, duplicate = ffi.new("HANDLE *"), ffi.new("HANDLE *")
    if not advapi32.OpenProcessToken(kernel32.GetCurrentProcess(), _TOKEN_DUPLICATE, token):
        raise Win32Error(kernel32.GetLastError())
    made = advapi32.DuplicateTokenEx(token[0], _MAXIMUM_ALLOWED, ffi.NULL, _SECURITY_IMPERSONATION, kind, duplicate)
    error = 0 if made else kernel32.GetLastError()
    kernel32.CloseHandle(token[0])
    if error:
        raise Win32Error(error)
    return duplicate[0]


def open_file(path: str) -> Any:
    """Open a file for reading, as IIS does for content; return its handle.

    Raises:
        Win32Error: it cannot be opened.
    """
    kernel32 = _kernel32()
    flags = _FILE_FLAG_OVERLAPPED
    handle = kernel32.CreateFileW(
        ffi.new("WCHAR[]", path), _GENERIC_READ, _FILE_SHARE_ALL, ffi.NULL, _OPEN_EXISTING, flags, ffi.NULL
    )
    if handle == INVALID_HANDLE:
        raise Win32Error(kernel32.GetLastError())
    return handle


def close(handle: Any) -> None:
    """Close a handle."""
    _kernel32().CloseHandle(handle)


def duplicate(handle: Any) -> Any:
    """Return another handle of the same thing, which the caller closes.

    Raises:
        Win32Error: it is no handle.
    """
    kernel32, made = _kernel32(), ffi.new("HANDLE *")
    process = kernel32.GetCurrentProcess()
    if not kernel32.DuplicateHandle(process, handle, process, made, 0, 0, _DUPLICATE_SAME_ACCESS):
        raise Win32Error(kernel32.GetLastError())
    return made[0]


def file_size(handle: Any) -> int:
    """Return the bytes of an open file.

    Raises:
        Win32Error: it is no handle of a file.
    """
    kernel32, size = _kernel32(), ffi.new("LONGLONG *")
    if not kernel32.GetFileSizeEx(handle, size):
        raise Win32Error(kernel32.GetLastError())
    return int(size[0])


def read_file(handle: Any, offset: int, buffer: Any, size: int) -> int:
    """Read into ``buffer`` from a position, and wait for it; return the bytes read, 0 at the end of the file.

    It works on overlapped handles as well, and tells no completion port of them.

    Raises:
        Win32Error: it cannot be read.
    """
    kernel32, count, overlapped = _kernel32(), ffi.new("DWORD *"), ffi.new("OVERLAPPED *")
    overlapped.Offset, overlapped.OffsetHigh = offset & 0xFFFFFFFF, offset >> 32
    overlapped.hEvent = ffi.cast("HANDLE", int(ffi.cast("uintptr_t", _event())) | 1)  # the low bit: no completion port
    if kernel32.ReadFile(handle, buffer, size, count, overlapped):
        return int(count[0])
    error = kernel32.GetLastError()
    if error == _ERROR_IO_PENDING:
        if kernel32.GetOverlappedResult(handle, overlapped, count, True):
            return int(count[0])
        error = kernel32.GetLastError()
    if error == _ERROR_HANDLE_EOF:
        return 0
    raise Win32Error(error)


def _event() -> Any:
    """Return this thread's event for overlapped reads."""
    if not hasattr(_thread, "event"):
        _thread.event = _kernel32().CreateEventW(ffi.NULL, True, False, ffi.NULL)
    return _thread.event


def bind_to_pool(handle: Any, routine: Any) -> None:
    """Have the system's pool call ``routine`` for each completion of an overlapped handle.

    Raises:
        Win32Error: the handle is not one, or is bound already.
    """
    kernel32 = _kernel32()
    if not kernel32.BindIoCompletionCallback(handle, routine, 0):
        raise Win32Error(kernel32.GetLastError())


def join_apartment() -> None:
    """Put this thread into COM's multithreaded apartment: modules create COM objects without asking (section 8)."""
    if not getattr(_thread, "in_apartment", False):
        _ole32().CoInitializeEx(ffi.NULL, _COINIT_MULTITHREADED)
        _thread.in_apartment = True


def load_library(path: str) -> Any:
    """Load a DLL by absolute path and return its handle.

    Raises:
        Win32Error: it could not be loaded.
    """
    return _load(path, _LOAD_WITH_ALTERED_SEARCH_PATH)


def free_library(handle: Any) -> None:
    """Drop one reference to a DLL."""
    _kernel32().FreeLibrary(handle)


def detach(handle: Any) -> None:
    """Run a DLL's start-up code for DLL_PROCESS_DETACH as at the process's exit, and keep it from running again.

    Raises:
        Win32Error: there is no such DLL.
    """
    ntdll = loaded("ntdll.dll")
    find = ffi.cast("int32_t (*)(void *, char ***)", exported(ntdll, "LdrFindEntryForAddress"))
    found = ffi.new("char ***")
    if find(handle, found):
        raise Win32Error(_kernel32().GetLastError())
    entry_point = ffi.cast("void **", ffi.cast("char *", found[0]) + _ENTRY_POINT)
    main, entry_point[0] = ffi.cast("int32_t (*)(void *, uint32_t, void *)", entry_point[0]), ffi.NULL
    if main:
        main(handle, _DLL_PROCESS_DETACH, ffi.cast("void *", 1))  # 1: the process is ending


def loaded(name: str) -> Any:
    """Return the handle of a DLL that is loaded already, or NULL."""
    return _kernel32().GetModuleHandleW(ffi.new("WCHAR[]", name))


def is_in(name: str, code: Any) -> bool:
    """Return whether an address is in the image of a loaded DLL."""
    base = int(ffi.cast("uintptr_t", loaded(name)))
    headers = base + ffi.cast("int32_t *", base + _HEADERS)[0]
    size = ffi.cast("uint32_t *", headers + _IMAGE_SIZE)[0]
    return bool(base <= int(ffi.cast("uintptr_t", code)) < base + size)


def exported(handle: Any, name: str | int) -> Any:
    """Return the address of an export by name or ordinal, or NULL."""
    key = ffi.cast("const char *", name) if isinstance(name, int) else name.encode()
    return _kernel32().GetProcAddress(handle, key)


def missing_exports(path_or_name: str, wanted: list[str | int]) -> tuple[list[str | int], bool]:
    """Map a DLL without running it; return which of ``wanted`` it lacks, and whether it is Wine's own.

    Raises:
        Win32Error: there is no such DLL.
    """
    handle = _load(path_or_name, _DONT_RESOLVE_DLL_REFERENCES)
    try:
        base = int(ffi.cast("uintptr_t", handle)) & ~0xFFFF
        is_builtin = bytes(ffi.buffer(ffi.cast("char *", base + 0x40), len(_WINE_MARK))) == _WINE_MARK
        return [name for name in wanted if not exported(handle, name)], is_builtin
    finally:
        free_library(handle)


def _load(path: str, flags: int) -> Any:
    kernel32 = _kernel32()
    handle = kernel32.LoadLibraryExW(ffi.new("WCHAR[]", path), ffi.NULL, flags)
    if not handle:
        raise Win32Error(kernel32.GetLastError())
    return handle
