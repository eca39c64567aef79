"""The command, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyiismod.runtime import Runtime


class Ran(NamedTuple):
    code: int
    out: bytes
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        assert self.err == ""
        return json.loads(self.out)


@pytest.fixture
def pyiismod(windows: Runtime) -> Callable[..., Ran]:
    """Run one command line in a process of its own."""

    def run(*arguments: str | Path, **environment: str) -> Ran:
        ended = subprocess.run(
            [sys.executable, "-m", "pyiismod", *map(str, arguments)],
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=150,
        )
        return Ran(ended.returncode, ended.stdout.replace(b"\r\n", b"\n"), ended.stderr.decode())

    return run
