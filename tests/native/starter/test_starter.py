"""``pyiismod init`` gives a project that builds with two compilers and whose tests pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime


@pytest.mark.parametrize("preset", ["mingw", "clang"])
def test_the_starter_builds_and_its_tests_pass(windows: Runtime, tmp_path: Path, preset: str) -> None:
    project = tmp_path / "my gate"
    call(tmp_path, sys.executable, "-m", "pyiismod", "init", str(project))
    built = call(project, "cmake", "--workflow", "--preset", preset)
    assert "warning" not in built.lower()
    tested = call(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "6 passed" in tested
    shown = call(project, sys.executable, "-m", "pyiismod", "run", "build/my_gate.dll", "/private")
    assert shown.startswith("HTTP/1.1 401 Unauthorized\n")
    assert "X-Signed-By: my_gate" in shown


def call(folder: Path, *command: str) -> str:
    """Run a command and return what it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout
