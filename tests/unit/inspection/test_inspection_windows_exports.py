"""The list of Windows' own exports: what it knows, and how it is made from import libraries."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from pyiismod.inspection import gen_windows_exports, windowsexports
from pyiismod.inspection.gen_windows_exports import LIBRARIES, imported_names, main
from pyiismod.inspection.knowndlls import identify, is_c_runtime, is_windows
from pyiismod.inspection.windowsexports import DATA, is_windows_export, windows_exports

pytestmark = pytest.mark.unit


def archive(*symbols: str) -> bytes:
    names = b"".join(symbol.encode() + b"\0" for symbol in symbols)
    index = len(symbols).to_bytes(4, "big") + bytes(4 * len(symbols)) + names
    return b"!<arch>\n" + b"/".ljust(48) + str(len(index)).encode().ljust(10) + b"`\n" + index


def test_the_committed_list() -> None:
    exports = windows_exports()
    assert set(exports) == {f"{name}.dll" for name in LIBRARIES}
    assert min(len(names) for names in exports.values()) >= 10
    assert DATA.stat().st_size < 60 * 1024
    assert windowsexports.encode(exports) == lzma.decompress(DATA.read_bytes())


@pytest.mark.parametrize(
    ("dll", "name", "known"),
    [
        ("KERNEL32.dll", "CreateFile2", True),
        ("kernel32.dll", "createfile2", False),
        ("kernel32.dll", "HttpInitialize", False),
        ("HTTPAPI.dll", "HttpInitialize", True),
        ("kernelbase.dll", "CreateFile2", True),
        ("absent.dll", "CreateFile2", False),
    ],
)
def test_lookup(dll: str, name: str, known: bool) -> None:
    assert is_windows_export(dll, name) is known


def test_names_from_an_import_library() -> None:
    assert imported_names(archive("__imp_Sleep", "Sleep", "_head_lib", "__imp_Beep")) == {"Sleep", "Beep"}
    with pytest.raises(ValueError, match="symbol index"):
        imported_names(b"!<thin>\n")


def test_generator_writes_checks_and_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gen_windows_exports, "DATA", tmp_path / "list.xz")
    monkeypatch.setattr(gen_windows_exports, "LIBRARIES", ("b", "a"))
    for name in "ab":
        (tmp_path / f"lib{name}.a").write_bytes(archive(f"__imp_{name}2", f"__imp_{name}1"))
    options = ["--mingw", str(tmp_path)]
    assert main(options) == 0
    assert main([*options, "--check"]) == 0
    assert main([*options, "--print"]) == 0
    assert capsys.readouterr().out.endswith("a.dll\n a1\n a2\nb.dll\n b1\n b2\n")
    (tmp_path / "liba.a").write_bytes(archive("__imp_other"))
    assert main([*options, "--check"]) == 1
    assert "gen_windows_exports" in capsys.readouterr().err


@pytest.mark.parametrize("dll", ["KERNEL32.dll", "certenroll.dll", "wtsapi32.dll", "kernel.appcore.dll", "ws2_32.DLL"])
def test_dlls_of_windows(dll: str) -> None:
    assert is_windows(dll)
    assert not is_c_runtime(dll)
    known = identify(dll)
    assert known is not None
    assert known.kind == "windows"


@pytest.mark.parametrize("dll", ["module.dll", "msvcp.dll", "msvcr1200.dll", "zlib1.dll", "libcurl.dll", ""])
def test_names_that_say_nothing(dll: str) -> None:
    assert identify(dll) is None
    assert not is_windows(dll)


@pytest.mark.parametrize(
    "dll", ["MSVCP140_2.dll", "ucrtbase.dll", "api-ms-win-crt-math-l1-1-0.dll", "msvcrt.dll", "vcomp140.dll"]
)
def test_c_runtimes(dll: str) -> None:
    assert is_c_runtime(dll)
