"""IHttpFileInfo, IHttpFileMonitor and the cache data below them (fact sheet 5.7)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from nativecall import CONTINUE, FILE_NOT_FOUND, INVALID_PARAMETER, NULL, Host, Native, address, hr, of, read_wide, wide
from stored import container_of, module_id, stored, view

from pyiismod.host import fileinfo
from pyiismod.host._abi import ffi

PATH_NOT_FOUND = hr(3)
WRITTEN = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fileä.txt"
    path.write_bytes(b"content\0of it")
    os.utime(path, (WRITTEN, WRITTEN))
    return path


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stand in for the handles of Win32; what is open."""
    opened: list[Any] = []

    def open_file(path: str) -> Any:
        opened.append(ffi.cast("HANDLE", 0x40 + len(opened)))
        return opened[-1]

    monkeypatch.setattr("pyiismod.host.handles.open_file", open_file)
    monkeypatch.setattr("pyiismod.host.handles.close", opened.remove)
    return opened


def get(host: Host, path: Any, cache: int = 1) -> tuple[int, Native | None]:
    out = ffi.new("void **")
    psz = path if path is NULL else wide(str(path))
    result = of(host.iis.server).GetFileInfo(psz, NULL, NULL, NULL, NULL, cache, out, NULL)
    return result, view(out[0], "IHttpFileInfo") if out[0] else None


def opened(host: Host, path: Any, cache: int = 1) -> Native:
    result, info = get(host, path, cache)
    assert result == 0
    assert info is not None
    return info


def size_of(info: Native) -> int:
    size = ffi.new("ULARGE_INTEGER *")
    info.GetSize(size)
    return int(size.QuadPart)


def test_a_small_file_is_held_in_memory(file: Path, host: Host) -> None:
    info = opened(host, file)
    assert ffi.buffer(info.GetFileBuffer(), size_of(info))[:] == b"content\0of it"
    assert address(info.GetFileHandle()) == 0xFFFFFFFFFFFFFFFF
    assert read_wide(info.GetFilePath()) == str(file)
    seconds = ffi.new("DWORD *", 7)
    assert info.GetHttpCacheAllowed(seconds) == 1
    assert seconds[0] == 0xFFFFFFFF


@pytest.mark.parametrize("cache", [0, 1])
def test_other_files_have_a_handle(cache: int, file: Path, host: Host, handles: list[Any]) -> None:
    if cache:
        file.write_bytes(bytes(fileinfo.LARGEST_CACHED + 1))
    info = opened(host, file, cache)
    assert info.GetFileBuffer() == NULL
    assert [info.GetFileHandle()] == handles
    assert size_of(info) == file.stat().st_size
    assert info.GetHttpCacheAllowed(ffi.new("DWORD *")) == 0
    info.DereferenceCacheData()
    host.iis.process.end(host.timeline)
    assert handles == []


def test_when_it_was_written(file: Path, host: Host) -> None:
    info = opened(host, file)
    assert ffi.string(info.GetLastModifiedString()) == b"Tue, 14 Nov 2023 22:13:20 GMT"
    time = ffi.new("FILETIME *")
    info.GetLastModifiedTime(time)
    stamp = (time.dwHighDateTime << 32) + time.dwLowDateTime
    assert stamp == (WRITTEN + 11_644_473_600) * 10_000_000
    length = ffi.new("USHORT *")
    tag = ffi.string(info.GetETag(length))
    assert tag == f'"{stamp:x}:0"'.encode()
    assert length[0] == len(tag)


def test_attributes(file: Path, host: Host) -> None:
    assert opened(host, file).GetAttributes() & 0x10 == 0
    assert opened(host, file.parent).GetAttributes() & 0x10 == 0x10


def test_who_asks_for_what_is_not_there(file: Path, host: Host) -> None:
    assert get(host, file.parent / "nothing") == (FILE_NOT_FOUND, None)
    assert get(host, "/odd\udc80name") == (FILE_NOT_FOUND, None)
    assert get(host, NULL) == (INVALID_PARAMETER, None)
    assert of(host.iis.server).GetFileInfo(wide("x"), NULL, NULL, NULL, NULL, 1, NULL, NULL) == INVALID_PARAMETER


def test_access_and_virtual_roots(file: Path, host: Host) -> None:
    info = opened(host, file)
    assert info.AccessCheck(NULL, NULL) == 0
    assert (info.GetVrToken(), info.GetVrPath()) == (NULL, NULL)


def test_a_changed_file_is_noticed_and_read_anew(file: Path, host: Host) -> None:
    info = opened(host, file)
    assert address(opened(host, file).pointer) == address(info.pointer)
    assert info.CheckIfFileHasChanged(NULL) == 0
    file.write_bytes(b"other")
    assert info.CheckIfFileHasChanged(NULL) == 1
    fresh = opened(host, file)
    assert address(fresh.pointer) != address(info.pointer)
    assert size_of(fresh) == 5
    assert (info.GetFlushed(), fresh.GetFlushed()) == (1, 0)
    assert size_of(info) == 13  # who holds the old one still can
    file.unlink()
    assert fresh.CheckIfFileHasChanged(NULL) == 1


def test_references_decide_how_long_it_lives(file: Path, host: Host, handles: list[Any]) -> None:
    notes: list[str] = []
    info = opened(host, file, 0)
    assert container_of(info).SetModuleContext(stored(notes, "kept"), module_id(1)) == 0
    info.ReferenceCacheData()
    info.DereferenceCacheData()
    assert (notes, len(handles)) == ([], 1)
    info.DereferenceCacheData()
    assert (notes, len(handles)) == (["kept cleaned"], 0)
    info.DereferenceCacheData()
    assert [e.method for e in host.iis.timeline.events if e.event == "violation"][-1] == (
        "IHttpCacheSpecificData::DereferenceCacheData was called on an IHttpFileInfo that has ended"
    )


def test_time_to_live_and_flushing(file: Path, host: Host) -> None:
    info = opened(host, file)
    expired = ffi.new("BOOL *", 7)
    seen = []
    for _ in range(3):
        info.DecrementTTL(expired)
        seen.append(expired[0])
    assert seen == [0, 1, 1]
    info.ResetTTL()
    info.DecrementTTL(expired)
    assert expired[0] == 0
    info.DecrementTTL(NULL)
    info.SetFlushed()
    assert info.GetFlushed() == 1


def test_keys_of_files(file: Path, host: Host, handles: list[Any]) -> None:
    other = file.parent / "fileä.txt.bak"
    other.write_text("")
    key, same, longer = (
        view(opened(host, path, cache).GetCacheKey(), "IHttpCacheKey")
        for path, cache in ((file, 1), (file, 0), (other, 1))
    )
    assert read_wide(key.GetCacheName()) == "FILE"
    assert key.GetIsEqual(same.pointer) & 0xFF == 1
    assert key.GetHash() == same.GetHash() != longer.GetHash()
    assert key.GetIsEqual(longer.pointer) & 0xFF == 0
    assert key.GetIsPrefix(longer.pointer) & 0xFF == 1
    assert longer.GetIsPrefix(key.pointer) & 0xFF == 0
    assert key.GetIsEqual(NULL) & 0xFF == 0
    key.Enum(NULL)


def test_the_file_of_a_request(tmp_path: Path) -> None:
    """What the URL is mapped to; NULL when there is none. It is not the module's to release."""
    there = tmp_path / "site" / "there.txt"
    there.parent.mkdir(exist_ok=True)
    there.write_bytes(b"there")
    host = Host(root=str(tmp_path / "site"))
    seen: list[int | None] = []

    def look(context: Native, provider: Native) -> int:
        pointer = context.GetFileInfo()
        seen.append(size_of(view(pointer, "IHttpFileInfo")) if pointer else None)
        assert context.GetFileInfo() == pointer
        return CONTINUE

    host.load("m", {"OnBeginRequest": look})
    host.fire(target="/there.txt")
    host.fire(target="/missing.txt")
    assert seen == [5, None]
    info = host.iis.process.file(str(there))
    assert not isinstance(info, int)
    assert info.holders == 2  # the cache and this test


def test_a_module_may_map_another_file(file: Path, host: Host) -> None:
    info = opened(host, file)
    seen: list[Any] = []

    def map_handler(context: Native, provider: Native) -> int:
        assert context.GetFileInfo() == NULL
        provider.SetFileInfo(info.pointer)
        provider.SetFileInfo(ffi.new("uintptr_t[4]"))
        seen.append(context.GetFileInfo())
        return CONTINUE

    host.load("m", {"OnMapRequestHandler": map_handler})
    host.fire()
    assert seen == [info.pointer]
    assert host.violations == ["SetFileInfo was given something that is no IHttpFileInfo of the host"]
    assert size_of(info) == 13


def test_file_monitors(file: Path, host: Host) -> None:
    server, out, notes = of(host.iis.server), ffi.new("void **"), []
    assert server.RegisterFileChangeMonitor(wide(str(file)), NULL, out) == 0
    monitor = view(out[0], "IHttpFileMonitor")
    assert [each.path for each in host.iis.process.monitors] == [str(file)]
    assert container_of(monitor).SetModuleContext(stored(notes, "kept"), module_id(1)) == 0
    monitor.DereferenceFileMonitor()
    assert notes == ["kept cleaned"]
    assert server.RegisterFileChangeMonitor(wide(str(file) + "x"), NULL, out) == PATH_NOT_FOUND
    assert server.RegisterFileChangeMonitor(wide("/" + "x" * 300), NULL, out) == PATH_NOT_FOUND
    assert server.RegisterFileChangeMonitor(NULL, NULL, out) == INVALID_PARAMETER
    host.iis.process.end(host.timeline)
    assert host.violations == []


def test_a_monitor_that_is_never_released_is_a_violation(file: Path, host: Host) -> None:
    assert of(host.iis.server).RegisterFileChangeMonitor(wide(str(file)), NULL, ffi.new("void **")) == 0
    host.iis.process.end(host.timeline)
    assert host.violations == ["a file monitor was never dereferenced"]
