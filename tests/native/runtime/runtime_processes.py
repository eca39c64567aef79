"""Which processes live in a prefix."""

from __future__ import annotations

import os
from pathlib import Path


def processes(prefix: Path) -> list[str]:
    """Return the command lines of all live processes in a prefix, Wine's own services too."""
    mark = b"WINEPREFIX=" + os.fsencode(prefix)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found
