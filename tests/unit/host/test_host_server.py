"""IHttpServer3, slot by slot (fact sheet 5.4), and the way to later interfaces (section 0)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from nativecall import E_NOINTERFACE, INVALID_PARAMETER, NULL, Host, address, of, read_wide

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.host._abi import ffi
from pyiismod.host.settings import VERSIONS, Settings

V2, V3 = 0, 1


def guid(name: str) -> Any:
    return ffi.from_buffer("GUID *", bytearray(UUID(INTERFACES[name].iid).bytes_le))


@pytest.mark.parametrize("command_line", [False, True])
def test_command_line(command_line: bool) -> None:
    """FALSE in w3wp, TRUE in IIS Express."""
    assert of(Host(command_line=command_line).iis.server).IsCommandLineLaunch() == int(command_line)


def test_app_pool_name_is_wide_and_lives_as_long_as_the_server() -> None:
    server = of(Host(app_pool="Pööl 你").iis.server)
    first = server.GetAppPoolName()
    assert read_wide(first) == "Pööl 你"
    assert address(server.GetAppPoolName()) == address(first)


def test_the_thread_limit_has_ends(host: Host) -> None:
    """Max 256 (IncrementThreadCount page)."""
    server = of(host.iis.server)
    server.IncrementThreadCount()
    assert host.iis.server.thread_limit == 256
    for _ in range(300):
        server.DecrementThreadCount()
    assert host.iis.server.thread_limit == 1
    server.IncrementThreadCount()
    assert host.iis.server.thread_limit == 2


@pytest.mark.parametrize(
    ("version", "number"),
    [("7.0", 0x00070000), ("7.5", 0x00070005), ("8.0", 0x00080000), ("8.5", 0x00080005), ("10.0", 0x000A0000)],
)
def test_server_version(version: str, number: int) -> None:
    """Section 1.1: HIWORD major, LOWORD minor."""
    assert Settings(iis_version=version).server_version == number
    assert set(VERSIONS) == {"7.0", "7.5", "8.0", "8.5", "10.0"}


@pytest.mark.parametrize(("version", "v2", "v3"), [("7.0", 0, 0), ("7.5", 1, 0), ("8.5", 1, 0), ("10.0", 1, 1)])
def test_extended_interface_by_version(version: str, v2: int, v3: int) -> None:
    """A failure means "older IIS": Server2 came with 7.5, Server3 with the SDK of 10.0.19041."""
    server = of(Host(iis_version=version).iis.server)
    for number, there in ((V2, v2), (V3, v3), (2, 0), (-1, 0), (0x7FFFFFFF, 0)):
        out = ffi.new("void **", ffi.cast("void *", 0xDEAD))
        result = server.GetExtendedInterface(number, out)
        assert result == (0 if there else E_NOINTERFACE)
        assert address(out[0]) == (address(server.pointer) if there else 0xDEAD)


def test_extended_interface_without_out_pointer(host: Host) -> None:
    assert of(host.iis.server).GetExtendedInterface(V2, NULL) == INVALID_PARAMETER


FIRST_SEEN = {"7.0": 0, "7.5": 1, "8.0": 2, "8.5": 2, "10.0": 5}
GENERATIONS = ["iis7.0", "iis7.5", "sdk8.1", "sdk10.0.14393", "sdk10.0.19041", "sdk10.0.20348"]
FAMILIES = {
    "IHttpContext": 4,
    "IHttpRequest": 4,
    "IHttpResponse": 4,
    "IHttpServer": 3,
    "IHttpModuleRegistrationInfo": 2,
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_extended_interface_by_iid(version: str, family: str) -> None:
    """One object serves every version by the same pointer; a version that came later is absent."""
    from pyiismod.host.registration import RegistrationInfo

    host = Host(iis_version=version)
    x = host.open()
    info = RegistrationInfo("m", 1, host.timeline)
    thing = {
        "IHttpContext": x.context,
        "IHttpRequest": x.request,
        "IHttpResponse": x.response,
        "IHttpServer": host.iis.server,
        "IHttpModuleRegistrationInfo": info,
    }[family]
    names = [family] + [f"{family}{i}" for i in range(2, FAMILIES[family] + 1)]
    for static in names:
        for wanted in names:
            out = ffi.new("void **", ffi.cast("void *", 0xDEAD))
            result = of(host.iis.server).GetExtendedInterface_iid(guid(static), thing.pointer, guid(wanted), out)
            there = GENERATIONS.index(INTERFACES[wanted].first_seen) <= FIRST_SEEN[version]
            assert result == (0 if there else E_NOINTERFACE)
            assert address(out[0]) == (thing.this if there else 0xDEAD)
    x._end()
    info.end()


def test_extended_interface_by_iid_of_odd_things(host: Host) -> None:
    x = host.open()
    server = of(host.iis.server)
    out = ffi.new("void **", ffi.cast("void *", 0xDEAD))
    stranger = ffi.new("uintptr_t[4]")
    context, context2, request2 = guid("IHttpContext"), guid("IHttpContext2"), guid("IHttpRequest2")
    query = server.GetExtendedInterface_iid
    assert query(context, stranger, context2, out) == E_NOINTERFACE
    assert query(context, x.context.pointer, request2, out) == E_NOINTERFACE
    assert query(request2, x.context.pointer, context2, out) == E_NOINTERFACE
    assert query(context, x.context.pointer, ffi.new("GUID *"), out) == E_NOINTERFACE
    for i in range(4):
        values = [context, x.context.pointer, context2, out]
        values[i] = NULL
        assert query(*values) == INVALID_PARAMETER
    assert address(out[0]) == 0xDEAD
    x._end()
    assert query(context, x.context.pointer, context2, out) == E_NOINTERFACE


@pytest.mark.parametrize("settings", [{"iis_version": "6.0"}, {"nonsense": 1}])
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown IIS version|nonsense"):
        Settings.of(settings)
