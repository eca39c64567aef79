"""Installing and removing the runtime: a Wine prefix and a Windows CPython.

Each is built aside and put in place by one rename, so an installation that fails or is interrupted leaves what was
there before. What has been downloaded is kept until the installation is complete. A lock keeps two from running at
once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pyiismod.errors import RuntimeInstallError, RuntimeProblem
from pyiismod.runtime import assemble, paths, wine
from pyiismod.runtime.assemble import Progress
from pyiismod.runtime.launch import run_briefly
from pyiismod.runtime.manifest import package_file, read_manifest, write_manifest
from pyiismod.runtime.prefix import check_prefix, make_prefix

__all__ = ["install", "remove"]

_NEEDED_BYTES = 1_000_000_000
_TRIAL = "import sys, _cffi_backend, cffi, msgspec, asyncio, decimal, sqlite3, ssl, uuid; print(sys.version.split()[0])"


class _Silent:
    def step(self, text: str, total: int | None = None) -> None:
        """Ignore it."""

    def advance(self, done: int) -> None:
        """Ignore it."""


def install(*, source: Path | None = None, force: bool = False, progress: Progress | None = None) -> bool:
    """Install what is missing or does not fit; return whether anything had to be done.

    With ``PYIISMOD_WINDOWS_PYTHON`` set that is only the prefix.

    Args:
        source: an existing Windows Python (a directory, or a zip or nupkg file) to take instead of downloading one.
        force: install anew in any case.
        progress: is told about each step.

    Raises:
        RuntimeMissing: Wine is missing; the message has the command that installs it.
        RuntimeInstallError: anything else; what was installed before still is.
    """
    if sys.platform == "win32":
        return False
    tool = wine.locate()
    package_file("python.exe")
    tell = progress or _Silent()
    home = paths.home()
    prefix, target = home / "prefix", home / paths.TAG

    def python_fits() -> None:
        manifest = read_manifest(target)
        if source is not None and manifest.source != str(source.absolute()):
            raise RuntimeInstallError(f"installed from {manifest.source}.")

    with _translated(home), _lock(home):
        new_prefix = force or not _holds(lambda: check_prefix(tool, prefix))
        named = source is None and bool(os.environ.get("PYIISMOD_WINDOWS_PYTHON"))
        new_python = not named and (force or not _holds(python_fits))
        if new_prefix:
            _check_space(home)
            with _aside(home, prefix) as new:
                make_prefix(tool, new, tell.step)
                wine.shut_down(tool, prefix, force=True)
        if new_python:
            cache = home / "downloads"
            cache.mkdir(exist_ok=True)
            with _aside(home, target) as new:
                new.mkdir()
                label = assemble.assemble(new, source, None if force else target, cache, tell)
                tell.step("Trying it")
                version = _try(tool, new, prefix)
                files = [*new.glob("*.*"), *(new / "DLLs").iterdir(), *(new / "site").rglob("*.pyd")]
                write_manifest(new, version, label, assemble.packages(), files)
            shutil.rmtree(cache)
    return new_prefix or new_python


def remove() -> bool:
    """End the prefix's wineserver and delete what was installed; return whether there was anything.

    Whatever else lies in the directory (``PYIISMOD_HOME`` may be anywhere) stays.
    """
    home = paths.home()
    if not home.is_dir():
        return False
    with _lock(home):
        prefix = home / "prefix"
        with contextlib.suppress(RuntimeProblem):
            wine.shut_down(wine.locate(), prefix, force=True)
        ours = [*home.glob("cp3[0-9]*"), *home.glob(".new-*"), prefix, home / "bundles", home / "downloads"]
        existing = [path for path in ours if path.is_dir()]
        for path in existing:
            shutil.rmtree(path)
        (home / "lock").unlink()
    with contextlib.suppress(OSError):
        home.rmdir()
    return bool(existing)


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except RuntimeProblem:
        return False
    return True


@contextlib.contextmanager
def _translated(home: Path) -> Iterator[None]:
    """Turn failures of the file system into errors that say what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else str(error)
        hint = "Free some space and run the same command again." if full else f"Check who may write to {home}."
        raise RuntimeInstallError(f"Cannot install into {home}: {what}.", hint=hint) from error


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    import fcntl

    assert sys.platform != "win32"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeInstallError(
                f"Another installation into {home} is running.",
                hint="Wait for it to end and run the same command again.",
            ) from None
        yield


def _check_space(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < _NEEDED_BYTES:
        raise RuntimeInstallError(
            f"The installation needs {_NEEDED_BYTES // 10**6} MB for a while; {home} has {free // 10**6} MB left.",
            hint="Free some space, or set PYIISMOD_HOME to a directory on another disk.",
        )


@contextlib.contextmanager
def _aside(home: Path, target: Path) -> Iterator[Path]:
    """Yield a path to build at; put it in the place of ``target`` if that succeeds, else delete it."""
    for left in home.glob(f".new-{target.name}-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=f".new-{target.name}-", dir=home) as scratch:
        new = Path(scratch, target.name)
        yield new
        if target.exists():
            target.rename(Path(scratch, "old"))
        new.rename(target)


def _try(tool: wine.Wine, directory: Path, prefix: Path) -> str:
    """Start the new Python once; it must import everything that is compiled. Return its version."""
    wine.warm_up(tool, prefix)
    command = [os.fspath(tool.loader), paths.windows_path(directory / "python.exe"), "-X", "utf8", "-c", _TRIAL]
    code, version, errors = run_briefly(command, tool.environment(prefix))
    if code != 0:
        raise RuntimeInstallError(
            f"The new Windows Python does not work, it ended with {code}: {errors[-1000:]}",
            hint="pyiismod runtime install --force",
            details={"command": command, "stderr": errors},
        )
    return version
