"""Memory of the workers."""

from __future__ import annotations

from pathlib import Path


def resident(mark: str = "pyiismod.worker.serve") -> int:
    """Return bytes of memory of the processes with ``mark`` in their command line: all workers, unless told."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in entry.read_bytes():
                total += int((entry.parent / "statm").read_text().split()[1]) * 4096
        except OSError:
            continue
    return total
