"""What an installed Windows Python says of itself (``runtime.json``), and whether it still is what was installed."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from pyiismod.errors import RuntimeBroken, RuntimeMissing

__all__ = ["Manifest", "fingerprint", "package_file", "read_manifest", "write_manifest"]

_FILE = "runtime.json"
_BIN = Path(__file__).parent / "bin"
_INSTALL = "pyiismod runtime install"


@dataclass(frozen=True)
class Manifest:
    """``files`` are the sizes in bytes of what must be there; ``python`` is the version of python3XX.dll."""

    fingerprint: str
    python: str
    source: str
    packages: dict[str, str]
    files: dict[str, int]


def package_file(name: str) -> Path:
    """Return a program that is part of pyiismod.

    Raises:
        RuntimeBroken: pyiismod was installed without it.
    """
    path = _BIN / name
    if not path.is_file():
        raise RuntimeBroken(
            f"{name} is not part of this copy of pyiismod ({_BIN}).",
            hint="pip install --force-reinstall pyiismod (in a checkout: python native/launcher/build.py)",
        )
    return path


def fingerprint() -> str:
    """Identify what this version of pyiismod puts into a runtime: changes with python.exe or the finder."""
    digest = hashlib.sha256(f"1|{sys.implementation.cache_tag}|".encode())
    digest.update(package_file("python.exe").read_bytes())
    digest.update(Path(__file__).with_name("finder.py").read_bytes())
    return digest.hexdigest()[:32]


def write_manifest(directory: Path, python: str, source: str, packages: dict[str, str], files: list[Path]) -> Manifest:
    """Describe what was installed in ``directory``; this is the last step of an installation."""
    sizes = {str(path.relative_to(directory)): path.stat().st_size for path in files}
    manifest = Manifest(fingerprint(), python, source, packages, sizes)
    (directory / _FILE).write_text(json.dumps(asdict(manifest), indent=1))
    return manifest


def read_manifest(directory: Path, *, any_version: bool = False) -> Manifest:
    """Return the manifest of a complete installation that fits this pyiismod (or any, if so told) and this Python.

    Raises:
        RuntimeMissing: nothing is installed there.
        RuntimeBroken: it is incomplete, damaged, or made by another version.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not directory.is_dir():
        others = sorted(path.name for path in directory.parent.glob("cp3*") if path.is_dir())
        also = f" (there is one for {', '.join(others)})" if others else ""
        raise RuntimeMissing(f"The Windows Python {version} that workers need is not installed{also}.", hint=_INSTALL)
    try:
        manifest = Manifest(**json.loads((directory / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        raise RuntimeBroken(f"The runtime in {directory} is only half installed.", hint=_INSTALL) from None
    for name, size in manifest.files.items():
        path = directory / name
        if not path.is_file() or path.stat().st_size != size:
            state = "is damaged" if path.is_file() else "is missing"
            raise RuntimeBroken(f"The runtime is only half installed: {path} {state}.", hint=_INSTALL)
    if manifest.fingerprint != fingerprint() and not any_version:
        raise RuntimeBroken(f"The runtime in {directory} was installed by another version of pyiismod.", hint=_INSTALL)
    return manifest
