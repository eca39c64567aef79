"""What an installation is made of, as small as it can be."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple


class Installation(NamedTuple):
    home: Path
    python: Path
    prefix: Path
    programs: Path
    """The directory with wine64 and wineserver64."""
    bin: Path
    """The directory with our own programs."""


def program(path: Path, machine: int = 0x8664) -> Path:
    """Write the smallest file whose PE header names ``machine``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine) + bytes(64))
    return path


def executable(path: Path, script: str = "#!/bin/sh\necho wine-8.0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path
