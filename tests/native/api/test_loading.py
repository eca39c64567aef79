"""Loading through the public API: what a module brings along, and what happens after it has failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pyiismod

Server = Callable[..., pyiismod.Server]
Dll = Callable[[str], Path]


@pytest.mark.parametrize("name", ["forwarded_export", "forwarded_export.msvc"])
def test_a_forwarded_entry_point_is_called(server: Server, dll: Dll, name: str) -> None:
    """Windows' loader finds the DLL behind a forwarder beside the module; Wine's only one that is loaded."""
    iis = server()
    iis.load(dll(name))
    assert iis.get("/").text == "Hello World"


def test_the_worker_comes_back_after_a_crash(server: Server, dll: Dll) -> None:
    """WAS starts w3wp again, with the same modules (1.4)."""
    iis = server(environment={"IISMOD_CRASH_IN": "OnBeginRequest"})
    iis.load(dll("crash_access_violation"))
    for _ in range(2):
        with pytest.raises(pyiismod.ModuleCrashed) as caught:
            iis.get("/")
        assert caught.value.notification == "OnBeginRequest"


def test_what_a_module_prints_is_kept(server: Server, dll: Dll) -> None:
    iis = server()
    iis.load(dll("stdout_noise"))
    iis.get("/")
    iis.close()
    assert "printf in OnBeginRequest\n" in iis.output
    assert "printf in Dispose\n" in iis.output


def test_a_copy_in_a_folder_with_spaces_and_letters(server: Server, dll: Dll, tmp_path: Path) -> None:
    folder = tmp_path / "Größe mit Leerzeichen 日本語"
    folder.mkdir()
    copy = folder / "hällo wörld.dll"
    copy.write_bytes(dll("hello").read_bytes())
    iis = server()
    assert iis.load(copy).name == "hällo wörld"
    assert iis.get("/").text == "Hello World"


def test_the_same_dll_twice(server: Server, dll: Dll) -> None:
    """Two entries may name the same image: RegisterModule is called again with another registration object (1.1)."""
    iis = server()
    first, second = iis.load(dll("all_notifications"), "first"), iis.load(dll("all_notifications"), "second")
    assert first.registration.request_notifications == second.registration.request_notifications
    told = [e.method for e in iis.get("/").trace.notifications if e.method == "OnBeginRequest"]
    assert len(told) == 2
