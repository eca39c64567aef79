"""A complete installation made of empty files, to be damaged by tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runtime_fakes import Installation, executable, program

from pyiismod.runtime import manifest, paths, prefix, wine


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = Installation(
        tmp_path / "home",
        tmp_path / "home" / paths.TAG,
        tmp_path / "home" / "prefix",
        tmp_path / "wine",
        tmp_path / "bin",
    )
    monkeypatch.setenv("PYIISMOD_HOME", str(made.home))
    monkeypatch.delenv("PYIISMOD_WINDOWS_PYTHON", raising=False)
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.setattr(wine, "_DIRECTORIES", ())
    monkeypatch.setattr(manifest, "_BIN", made.bin)
    for name in ("wine64", "wineserver64"):
        executable(made.programs / name)
    for name in ("python.exe", "supervisor.exe"):
        program(made.bin / name)
    files = [program(made.python / "python.exe"), program(made.python / "DLLs" / "_ssl.pyd")]
    manifest.write_manifest(made.python, "3.11.9", "panda3d 1.10.16", {"cffi": "2.1.1"}, files)
    for name in ("system.reg", wine.FONTS, "drive_c/windows/system32/kernel32.dll", "dosdevices/z:"):
        path = made.prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = wine.locate()
    marker = {"format": prefix._FORMAT, "wine": found.version, "stamp": found.stamp}
    (made.prefix / "pyiismod.json").write_text(json.dumps(marker))
    return made
