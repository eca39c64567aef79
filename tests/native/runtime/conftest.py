"""The command line as a process of its own, and a second home to break things in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runtime_processes import processes

from pyiismod.runtime import Runtime
from pyiismod.runtime.wine import Wine

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def pyiismod() -> Command:
    """Run ``pyiismod ARGUMENTS``; keywords are those of :func:`subprocess.run`, ``env`` is added to the environment."""

    def run(*arguments: str, env: dict[str, str] | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [sys.executable, "-m", "pyiismod", *arguments],
            env={**os.environ, **(env or {})},
            text=True,
            timeout=120,
            check=False,
            **settings,
        )

    return run


@pytest.fixture(scope="session")
def second_home(
    windows: Runtime, pyiismod: Command, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, str]]]:
    """A home, its name with a space and beyond ASCII, installed from the first one; the environment that names it."""
    directory = tmp_path_factory.mktemp("second")
    home, user = directory / "zweites zuhause ö", directory / "user"
    user.mkdir()
    env = {"PYIISMOD_HOME": str(home)}
    installed = str(Path(windows.python).parent)
    done = pyiismod("runtime", "install", "--from", installed, env={**env, "HOME": str(user)})
    assert done.returncode == 0, done.stderr
    assert list(user.iterdir()) == [], "the user's home directory is none of Wine's business"
    yield home, env
    done = pyiismod("runtime", "remove", "--yes", env=env)
    assert done.returncode == 0, done.stderr
    assert not home.exists()
    assert processes(home / "prefix") == []


@pytest.fixture
def prefix_of(windows: Runtime) -> Callable[[Path], tuple[Wine, Path]]:
    """What :mod:`pyiismod.runtime.wine` needs to know of a home."""

    def make(home: Path) -> tuple[Wine, Path]:
        assert windows._wine is not None
        return windows._wine, home / "prefix"

    return make
