"""What IHttpServer answers about the process, and is told about it (fact sheet 5.4)."""

from __future__ import annotations

import pytest
from nativecall import INVALID_PARAMETER, NOT_SUPPORTED, NULL, Host, Native, address, hr, of, read_wide, wide

from pyiismod.abi.wpframework import IWpfSettings
from pyiismod.host._abi import ffi
from pyiismod.host.settings import Settings

INVALID_HANDLE = hr(6)
BITS = 8 * ffi.sizeof("void *")


@pytest.mark.parametrize(
    ("text", "met", "unknown"),
    [
        ("", 1, 0),
        (f"bitness{BITS}", 1, 0),
        (f"Bitness{BITS}", 1, 0),
        (f"bitness{96 - BITS}", 0, 0),
        ("integratedMode", 1, 0),
        ("ISAPIMode", 0, 0),
        ("integratedMode,classicMode", 0, 0),
        ("integratedMode, runtimeVersionv4.0", 1, 0),
        ("runtimeVersionv2.0", 0, 0),
        ("appPoolName=Other;defaultapppool", 1, 0),
        ("appPoolName=Other", 0, 0),
        ("!appPoolName=Other", 1, 0),
        ("!appPoolName=DefaultAppPool", 0, 0),
        ("sunshine", 0, 1),
        ("integratedMode,sunshine", 0, 1),
    ],
)
def test_preconditions(text: str, met: int, unknown: int, host: Host) -> None:
    server, out = of(host.iis.server), ffi.new("BOOL *", 7)
    assert server.SatisfiesPrecondition(wide(text), out) == met
    assert out[0] == unknown
    assert server.SatisfiesPrecondition(wide(text), NULL) == met


def test_the_pools_configuration_file() -> None:
    server, length = of(Host(app_pool="Päol").iis.server), ffi.new("DWORD *")
    path = read_wide(server.GetAppPoolConfigFile(length))
    assert path == "C:\\inetpub\\temp\\apppools\\Päol\\Päol.config"
    assert length[0] == len(path)
    assert address(server.GetAppPoolConfigFile(NULL)) == address(server.GetAppPoolConfigFile(length))


def test_a_pool_needs_a_handle_and_a_routine(host: Host) -> None:
    server = of(host.iis.server)
    routine = ffi.callback("LPOVERLAPPED_COMPLETION_ROUTINE", lambda *_: None)
    assert server.AssociateWithThreadPool(NULL, routine) == INVALID_HANDLE
    assert server.AssociateWithThreadPool(ffi.cast("HANDLE", -1), routine) == INVALID_HANDLE
    assert server.AssociateWithThreadPool(ffi.cast("HANDLE", 4), ffi.cast("void *", 0)) == INVALID_PARAMETER


def test_properties_of_requests(host: Host) -> None:
    query = of(host.iis.server).QueryRequestProperty
    buffer, size = ffi.new("char[8]"), ffi.new("ULONG *", 7)
    assert query(0, 4, NULL, 0, buffer, 8, size, NULL) == INVALID_PARAMETER
    assert query(5, 4, NULL, 0, NULL, 8, size, NULL) == INVALID_PARAMETER
    assert query(5, 4, NULL, 8, buffer, 8, size, NULL) == INVALID_PARAMETER
    assert query(5, 4, NULL, 0, buffer, 8, size, NULL) == NOT_SUPPORTED
    assert size[0] == 7


def test_nothing_is_in_the_kernels_cache(host: Host) -> None:
    assert of(host.iis.server).FlushKernelCache(wide("http://x/")) == 0
    assert of(host.iis.server).FlushKernelCache(NULL) == INVALID_PARAMETER


def test_the_settings_of_the_worker_process() -> None:
    """5.4: owned by the host, whatever is counted; the pool's name and configuration are those of the server."""
    host = Host(app_pool="Own", worker_process={"IDLE_TIMEOUT": 7})
    out = ffi.new("void **")
    assert of(host.iis.server).GetWorkerProcessSettings(out) == 0
    assert of(host.iis.server).GetWorkerProcessSettings(NULL) == INVALID_PARAMETER
    found = Native(out[0], IWpfSettings)
    assert [found.AddRef(), found.Release(), found.Release(), found.Release()] == [2, 1, 1, 1]
    buffer, room = ffi.new("WCHAR[200]"), ffi.new("DWORD *", 200)
    assert found.GetStringProperty(1, buffer, room) == 0
    assert (read_wide(buffer), room[0]) == ("Own", 4)
    room[0] = 200
    assert found.GetStringProperty(2, buffer, room) == 0
    assert read_wide(buffer).endswith("\\Own\\Own.config")
    assert found.GetStringProperty(1, NULL, room) == hr(122)
    assert room[0] == 4
    assert found.GetStringProperty(1, buffer, NULL) == INVALID_PARAMETER
    number, long, flag, token = (ffi.new(f"{kind} *", 9) for kind in ("DWORD", "ULONGLONG", "BOOL", "uintptr_t"))
    assert (found.GetDwordProperty(3, number), number[0]) == (0, 7)
    assert (found.GetDwordProperty(2, number), number[0]) == (0, 1740)
    assert (found.GetUlonglongProperty(0, long), long[0]) == (0, 0)
    assert (found.GetBoolProperty(0, flag), flag[0]) == (0, 0)
    assert found.GetHandleProperty(0, ffi.cast("void **", token)) == 0
    assert token[0] != 9
    for getter in (found.GetDwordProperty, found.GetUlonglongProperty, found.GetBoolProperty, found.GetHandleProperty):
        assert getter(0, NULL) == getter(77, NULL) == INVALID_PARAMETER


def test_the_settings_of_the_worker_process_are_known_by_name() -> None:
    with pytest.raises(ValueError, match="unknown settings of the worker process: IDLE"):
        Settings(worker_process={"IDLE": 5})
