"""Proof that nothing is left: no process of any worker, no file of any worker."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

PATIENCE = 3.0
"""Seconds after which nothing of a worker may be left, whatever happened to either side."""


def processes(mark: str) -> dict[int, str]:
    """Return the processes with ``mark`` in their command line: pid → command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if mark in command:
                found[int(entry.name)] = command
    return found


def left(directory: Path) -> list[str]:
    """Return what is left, after waiting for it, of workers that keep their files below ``directory``."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and (processes(directory.name) or any(directory.iterdir())):
        time.sleep(0.02)
    return [*processes(directory.name).values(), *(file.name for file in directory.iterdir())]


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where workers keep their files; at the end there must be nothing of them."""
    directory = tmp_path_factory.mktemp(f"workers-{token_hex(8)}", numbered=False)  # others run beside us
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(directory))
    before = set(threading.enumerate())
    yield directory
    assert left(directory) == []
    assert [t.name for t in threading.enumerate() if t.name.startswith("pyiismod-") and t not in before] == []


@pytest.fixture
def leftovers() -> Callable[[Path], list[str]]:
    return left
