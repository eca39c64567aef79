"""https://learn.microsoft.com/en-us/windows/win32/procthread/process-and-thread-functions

What modules leave behind in a process, so that it may be used for other modules only when they left nothing.

A module that is really gone takes its static variables with it. So a worker is as good as new when every DLL that came
with the modules has gone, no thread of theirs runs, and what belongs to the whole process (environment, current
directory, error mode, standard handles) is as it was. Threads of the system's own pool do not count: they are idle once
the modules' work is done. Works in a Windows process only.
"""

from __future__ import annotations

import os
from _thread import _count  # threads that Python has started
from functools import lru_cache
from time import monotonic, sleep
from typing import Any

from pyiismod.host import win32
from pyiismod.host._abi import ffi

_QUERY_INFORMATION = 0x40
_STILL_ACTIVE = 259
_START_ADDRESS = 9  # ThreadQuerySetWin32StartAddress
_STANDARD = (-10, -11, -12)  # input, output, error
_PATIENCE = 0.3  # seconds for threads that are on their way out
_LONGEST = 32768  # characters of a path


class Before:
    """The process as it is before any module is loaded."""

    def __init__(self) -> None:
        self._dlls = _dlls()
        self._threads = _threads()
        self._state = _state()

    def left(self) -> list[str]:
        """Return what is different now, in words; nothing when the process is as good as new."""
        found = [f"{name} is still loaded" for name in sorted(_dlls() - self._dlls)]
        until = monotonic() + _PATIENCE
        while (more := _threads() - self._threads) > 0 and monotonic() < until:
            sleep(0.001)
        if more > 0:
            found.append(f"{more} more thread(s) run")
        now = _state()
        return found + [f"{what} changed" for what, value in self._state.items() if now[what] != value]


@lru_cache
def _function(dll: str, name: str, signature: str) -> Any:
    handle = win32.loaded(dll)
    return ffi.cast(signature, win32.exported(handle, name))


def _dlls() -> set[str]:
    """Return the paths of all DLLs that are not of Windows itself."""
    enumerate_modules = _function(
        "kernel32.dll", "K32EnumProcessModules", "int32_t (*)(void *, void **, uint32_t, uint32_t *)"
    )
    file_name = _function("kernel32.dll", "GetModuleFileNameW", "uint32_t (*)(void *, char16_t *, uint32_t)")
    modules, needed = ffi.new("void *[]", 1024), ffi.new("uint32_t *")
    enumerate_modules(ffi.cast("void *", -1), modules, ffi.sizeof(modules), needed)
    buffer = ffi.new("char16_t[]", _LONGEST)
    system = os.environ.get("SYSTEMROOT", "C:\\windows").lower() + "\\"
    found = set()
    for i in range(min(needed[0] // ffi.sizeof("void *"), 1024)):
        size = file_name(modules[i], buffer, _LONGEST)
        path = ffi.unpack(buffer, size).lower()
        if not path.startswith(system):
            found.add(path)
    return found


def _threads() -> int:
    """Return how many threads run that are neither Python's nor the system's pool's."""
    following = _function(
        "ntdll.dll",
        "NtGetNextThread",
        "int32_t (*)(void *, void *, uint32_t, uint32_t, uint32_t, void **)",
    )
    process, handle, found = ffi.cast("void *", -1), ffi.NULL, ffi.new("void **")
    count = 0
    while following(process, handle, _QUERY_INFORMATION, 0, 0, found) == 0:
        if handle:
            win32.close(handle)
        handle = found[0]
        count += not _is_systems(handle)
    if handle:
        win32.close(handle)
    return count - _count()


def _is_systems(thread: Any) -> bool:
    """Whether a thread began in ntdll, as those of the system's pool do, or has ended."""
    query = _function(
        "ntdll.dll", "NtQueryInformationThread", "int32_t (*)(void *, uint32_t, void *, uint32_t, uint32_t *)"
    )
    exit_code, start = ffi.new("uint32_t *"), ffi.new("void **")
    _function("kernel32.dll", "GetExitCodeThread", "int32_t (*)(void *, uint32_t *)")(thread, exit_code)
    query(thread, _START_ADDRESS, start, ffi.sizeof("void *"), ffi.NULL)
    return exit_code[0] != _STILL_ACTIVE or bool(start[0] and win32.is_in("ntdll.dll", start[0]))


def _state() -> dict[str, Any]:
    """Return what belongs to the whole process."""
    kernel32 = "kernel32.dll"
    strings = _function(kernel32, "GetEnvironmentStringsW", "char16_t *(*)(void)")()
    size = 0
    while strings[size] != "\0" or strings[size + 1] != "\0":
        size += 1
    environment = ffi.unpack(strings, size)
    _function(kernel32, "FreeEnvironmentStringsW", "int32_t (*)(char16_t *)")(strings)
    standard = _function(kernel32, "GetStdHandle", "void *(*)(int32_t)")
    kind = _function(kernel32, "GetFileType", "uint32_t (*)(void *)")
    return {
        "the environment": environment,
        "the current directory": os.getcwd(),  # noqa: PTH109  # pathlib costs the worker its start-up time
        "the error mode": _function(kernel32, "GetErrorMode", "uint32_t (*)(void)")(),
        "a standard handle": [kind(standard(each)) for each in _STANDARD],
    }
