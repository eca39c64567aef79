"""The wineserver's life, and what a worker finds in the prefix."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runtime_processes import processes

from pyiismod.runtime import Runtime
from pyiismod.runtime.wine import Wine, shut_down, warm_up

Home = tuple[Path, dict[str, str]]


@pytest.fixture
def cold(second_home: Home, prefix_of: Callable[[Path], tuple[Wine, Path]]) -> Iterator[tuple[Wine, Path]]:
    """Wine and a prefix in which nothing runs, before and after."""
    wine, prefix = prefix_of(second_home[0])
    shut_down(wine, prefix, force=True)
    assert processes(prefix) == []
    yield wine, prefix
    shut_down(wine, prefix, force=True)
    assert processes(prefix) == []


def children() -> set[int]:
    """Return the process ids of our children, those that have ended and were not waited for included."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def test_a_warm_prefix_holds_nothing_of_ours(cold: tuple[Wine, Path]) -> None:
    wine, prefix = cold
    before = children()
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    assert warm_up(wine, prefix) is True
    assert warm_up(wine, prefix) is False
    running = processes(prefix)
    assert any("wineserver" in line for line in running)
    assert any("services.exe" in line for line in running)
    os.close(theirs)
    assert select.select([ours], [], [], 30)[0], "somebody holds our pipe"
    assert os.read(ours, 1) == b""
    os.close(ours)
    assert children() <= before


def test_only_what_modules_need_is_started(cold: tuple[Wine, Path]) -> None:
    warm_up(*cold)
    names = {line.rpartition("\\")[2].strip().partition(" ")[0] for line in processes(cold[1]) if ".exe" in line}
    assert names <= {"services.exe", "winedevice.exe", "hostname.exe"}


def test_the_server_outlives_nobody_elses_worker(cold: tuple[Wine, Path]) -> None:
    wine, prefix = cold
    warm_up(wine, prefix)
    worker = subprocess.Popen(
        [wine.loader, "cmd.exe", "/c", "pause"],
        env=wine.environment(prefix),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert worker.stdout.read(1), "it runs"
    assert shut_down(wine, prefix) is False
    assert worker.poll() is None
    worker.communicate(b"\n")
    assert worker.returncode == 0
    assert shut_down(wine, prefix) is True
    assert processes(prefix) == []


THERE = """
import ctypes, ctypes.wintypes as w, sys, uuid
k, ole, adv = ctypes.WinDLL("kernel32"), ctypes.OleDLL("ole32"), ctypes.WinDLL("advapi32")
serial = w.DWORD()
assert k.GetVolumeInformationW("C:\\\\", None, 0, ctypes.byref(serial), None, None, None, 0) and serial.value
assert k.GetLogicalDrives() & (1 << 2) and k.GetDriveTypeW("Z:\\\\") == 3
size = w.ULONG(100_000)
found = ctypes.create_string_buffer(size.value)
assert ctypes.WinDLL("iphlpapi").GetAdaptersAddresses(0, 0, None, found, ctypes.byref(size)) == 0
ole.CoInitializeEx(None, 0)
clsid = (ctypes.c_byte * 16)()
ole.CLSIDFromProgID("Scripting.FileSystemObject", clsid)
unknown = ctypes.c_void_p()
iid = (ctypes.c_byte * 16).from_buffer_copy(uuid.UUID("00000000-0000-0000-c000-000000000046").bytes_le)
ole.CoCreateInstance(clsid, None, 1, iid, ctypes.byref(unknown))
assert unknown.value
adv.OpenSCManagerW.restype = adv.OpenServiceW.restype = adv.RegisterEventSourceW.restype = ctypes.c_void_p
manager = ctypes.c_void_p(adv.OpenSCManagerW(None, None, 1))
service = ctypes.c_void_p(adv.OpenServiceW(manager, "RpcSs", 0x10))
assert adv.StartServiceW(service, 0, None) or k.GetLastError() == 1056
log = ctypes.c_void_p(adv.RegisterEventSourceW(None, "IIS"))
assert adv.ReportEventW(log, 1, 0, 0, None, 1, 0, (ctypes.c_wchar_p * 1)("text"), None)
assert k.GetACP() == 1252 and ctypes.WinDLL("user32").GetSystemMetrics(0) > 0
print("all there")
"""


def test_a_module_finds_what_it_may_need(windows: Runtime) -> None:
    """Volumes, network adapters, COM, services on demand, the event log."""
    windows.warm_up()
    process = subprocess.Popen(
        windows.command("-c", THERE),
        env=windows.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    code = process.wait(60)
    streams = []
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        os.set_blocking(stream.fileno(), False)
        streams.append(stream.read() or b"")
        stream.close()
    assert process.stdin is not None
    process.stdin.close()
    assert (code, *streams) == (0, b"all there\r\n", b"")


def test_a_worker_searches_no_directory(windows: Runtime) -> None:
    """Each look at the file system costs milliseconds; everything is in bundles, and what is not there is not there."""
    code = """
import sys
assert sys.path == [], sys.path
import msgspec, _cffi_backend, pyiismod.worker.protocol
loaders = [module.__spec__.loader for module in sys.modules.values() if getattr(module, "__spec__", None)]
loaders = {getattr(loader, "__name__", type(loader).__name__) for loader in loaders}
assert loaders == {"BuiltinImporter", "FrozenImporter", "BundleLoader", "ExtensionFileLoader"}, loaders
try:
    import typing_extensions
except ModuleNotFoundError:
    print("as it should be")
"""
    done = subprocess.run(
        windows.command("-c", code), env=windows.environment(), input="", capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("as it should be", "")
