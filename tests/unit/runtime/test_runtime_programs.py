"""The committed programs are those of MANIFEST.toml; build.py --check proves the rest with a compiler."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pyiismod

PACKAGE = Path(pyiismod.__file__).parent
LAUNCHER = PACKAGE.parent / "native" / "launcher"


def test_the_programs_are_those_of_the_manifest() -> None:
    manifest = tomllib.loads((LAUNCHER / "MANIFEST.toml").read_text())
    for name in ("python.exe", "supervisor.exe"):
        data = (PACKAGE / "runtime" / "bin" / name).read_bytes()
        assert manifest[name]["sha256"] == hashlib.sha256(data).hexdigest(), "run: python native/launcher/build.py"
        assert manifest[name]["size"] == len(data)
    built = {source for name in ("python.exe", "supervisor.exe") for source in manifest[name]["sources"]}
    assert built == {path.name for path in LAUNCHER.glob("*.c")}
