"""Memory of the workers of one process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_workers() -> Iterator[None]:
    """Have this process's workers keep their files where nobody else's do: so they are told apart."""
    with tempfile.TemporaryDirectory(prefix="pyiismod-bench-") as directory:
        tempfile.tempdir = directory
        try:
            yield
        finally:
            tempfile.tempdir = None


def resident(mark: str = "") -> int:
    """Return bytes of memory of the processes with ``mark`` in their command line: :func:`own_workers` when empty."""
    mark = mark or Path(tempfile.gettempdir()).name
    total = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in entry.read_bytes():
                total += int((entry.parent / "statm").read_text().split()[1]) * 4096
        except OSError:
            continue
    return total
