"""The one door to Win32: DLLs and what they export, files, tokens. Importable anywhere; works in a Windows process.

Paths are Windows paths. Handles and addresses are opaque cffi pointers that the caller must not free itself.
"""

from __future__ import annotations

from _thread import _count  # threads that Python has started
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

_FROM_ADDRESS_UNCHANGED = 0x4 | 0x2  # GET_MODULE_HANDLE_EX_FLAG_…: by address, without a reference
_LONGEST_PATH = 1024
_MOST_HEAPS = 64
_WALKS = 5
_ERROR_NO_MORE_ITEMS = 259
_SNAPSHOT_THREADS = 0x4
_HEAP_ENTRY_BUSY = 0x4
_LONGEST_GAP = 64  # numbers of closed handles between two open ones
_MEM_COMMIT, _MEM_RESERVE, _MEM_DECOMMIT, _MEM_RELEASE = 0x1000, 0x2000, 0x4000, 0x8000
_PAGE_NOACCESS, _PAGE_READWRITE = 0x1, 0x4
_LOWEST_POINTER = 0x10000  # nothing is ever mapped below

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


def is_open(handle: Any) -> bool:
    """Return whether this is the handle of something that is open."""
    return bool(_kernel32().GetHandleInformation(handle, ffi.new("DWORD *")))


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


@lru_cache(maxsize=1)
def is_wine() -> bool:
    """Return whether this Windows is Wine."""
    return bool(exported(_kernel32().GetModuleHandleW(ffi.new("WCHAR[]", "ntdll.dll")), "wine_get_version"))


def backtrace(most: int) -> list[tuple[str, int]]:
    """Return file name and offset of the return addresses on this thread's stack, innermost first.

    Args:
        most: frames at most.
    """
    kernel32, frames = _kernel32(), ffi.new("void *[]", most)
    count = kernel32.RtlCaptureStackBackTrace(0, most, frames, ffi.NULL)
    return [place for place in map(_place, frames[0:count]) if place is not None]


def _place(address: Any) -> tuple[str, int] | None:
    kernel32, handle = _kernel32(), ffi.new("HANDLE *")
    if not kernel32.GetModuleHandleExW(_FROM_ADDRESS_UNCHANGED, ffi.cast("LPCWSTR", address), handle):
        return None
    name = ffi.new("WCHAR[]", _LONGEST_PATH)
    kernel32.GetModuleFileNameW(handle[0], name, _LONGEST_PATH)
    offset = int(ffi.cast("uintptr_t", address)) - int(ffi.cast("uintptr_t", handle[0]))
    return str(ffi.string(name)).rpartition("\\")[2], offset


def stack_limits() -> tuple[int, int]:
    """Return where this thread's stack begins and ends."""
    low, high = ffi.new("ULONG_PTR *"), ffi.new("ULONG_PTR *")
    _kernel32().GetCurrentThreadStackLimits(low, high)
    return int(low[0]), int(high[0])


def is_heap_block(pointer: Any) -> bool:
    """Return whether a block of a heap begins here and is in use. Only for Wine: see ``host.evidence``."""
    address = int(ffi.cast("uintptr_t", pointer))
    if address < _LOWEST_POINTER or address % 16:
        return False
    kernel32, there = _kernel32(), ffi.cast("void *", pointer)
    return any(kernel32.HeapValidate(heap, 0, there) for heap in _heaps())


def _heaps() -> list[Any]:
    """Return the heaps of this process: a C run-time may have one of its own."""
    heaps = ffi.new("HANDLE[]", _MOST_HEAPS)
    return list(heaps[0 : min(_MOST_HEAPS, _kernel32().GetProcessHeaps(_MOST_HEAPS, heaps))])


def process_usage() -> tuple[int, int, int, int, int]:
    """Return the numbers of handles, of threads that are not ours, and of heap blocks, the bytes of these, and the
    private bytes.
    """
    kernel32 = _kernel32()
    process = kernel32.GetCurrentProcess()
    counters = ffi.new("PROCESS_MEMORY_COUNTERS_EX *")
    kernel32.K32GetProcessMemoryInfo(process, counters, ffi.sizeof("PROCESS_MEMORY_COUNTERS_EX"))
    blocks, size = _heap_blocks()
    return _handles(), _threads(), blocks, size, int(counters.PrivateUsage or counters.PagefileUsage)


def _handles() -> int:
    kernel32, count = _kernel32(), ffi.new("DWORD *")
    if kernel32.GetProcessHandleCount(kernel32.GetCurrentProcess(), count) and count[0]:
        return int(count[0])
    return _probed_handles()


def _probed_handles() -> int:
    """Return the same where GetProcessHandleCount does not tell, as in Wine, which gives the lowest free number.

    To ask Wine 8 for SystemExtendedHandleInformation instead ends its server now and then.
    """
    count = gap = value = 0
    while gap < _LONGEST_GAP:
        value += 4
        is_there = is_open(ffi.cast("HANDLE", value))
        count, gap = count + is_there, 0 if is_there else gap + 1
    return count


def _heap_blocks() -> tuple[int, int]:
    """Return how many blocks of the heaps are in use, and their bytes.

    The heaps are not locked: a thread that waits for such a lock in malloc, and has the interpreter's, would wait for
    ever. A walk that another thread has disturbed is begun again.
    """
    blocks = size = 0
    for heap in _heaps():
        for _ in range(_WALKS):
            found = _walk(heap)
            if found is not None:
                blocks, size = blocks + found[0], size + found[1]
                break
    return blocks, size


def _walk(heap: Any) -> tuple[int, int] | None:
    kernel32, entry, blocks, size = _kernel32(), ffi.new("PROCESS_HEAP_ENTRY *"), 0, 0
    while kernel32.HeapWalk(heap, entry):
        if entry.wFlags & _HEAP_ENTRY_BUSY:
            blocks, size = blocks + 1, size + entry.cbData
    return (blocks, size) if kernel32.GetLastError() == _ERROR_NO_MORE_ITEMS else None


def _threads() -> int:
    """Return how many threads run that Python has not started."""
    while True:
        ours, all_of_them = _count(), _all_threads()
        if ours == _count():
            return all_of_them - ours


def _all_threads() -> int:
    kernel32, entry, count = _kernel32(), ffi.new("THREADENTRY32 *"), 0
    snapshot = kernel32.CreateToolhelp32Snapshot(_SNAPSHOT_THREADS, 0)
    entry.dwSize, mine = ffi.sizeof("THREADENTRY32"), kernel32.GetCurrentProcessId()
    more = kernel32.Thread32First(snapshot, entry)
    while more:
        count += entry.th32OwnerProcessID == mine
        more = kernel32.Thread32Next(snapshot, entry)
    kernel32.CloseHandle(snapshot)
    return count


def reserve(size: int, committed: int) -> int:
    """Return the address of ``size`` bytes of address space, of which the first ``committed`` can be used.

    Raises:
        MemoryError: there is no more.
    """
    kernel32 = _kernel32()
    base = kernel32.VirtualAlloc(ffi.NULL, size, _MEM_RESERVE, _PAGE_NOACCESS)
    if not base or not kernel32.VirtualAlloc(base, committed, _MEM_COMMIT, _PAGE_READWRITE):
        raise MemoryError
    return int(ffi.cast("uintptr_t", base))


def decommit(base: int, size: int) -> None:
    """Take the use of memory away; its addresses stay reserved."""
    _kernel32().VirtualFree(ffi.cast("void *", base), size, _MEM_DECOMMIT)


def release(base: int) -> None:
    """Give reserved addresses back."""
    _kernel32().VirtualFree(ffi.cast("void *", base), 0, _MEM_RELEASE)


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
