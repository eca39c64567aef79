"""Putting a Windows CPython together in a directory:

    python.exe            ours (``native/launcher/python.c``)
    python311.dll, …      from the pinned wheels, or from the Python named by ``--from``
    python311._pth        makes CPython use exactly the three directories below, and no PYTHON* variable
    DLLs/  site/          extension modules and their libraries; cffi and msgspec
    Lib/                  a copy of this interpreter's own standard library (no tests, no tkinter, no IDLE)
    start.frozen  library.bundle      the code of all of that, see :mod:`pyiismod.runtime.finder`
    runtime.json          written last, see :mod:`pyiismod.runtime.manifest`

The standard library is a copy, because this interpreter's may change or go (an update, another pyenv version) while
the bundle must stay true to its sources. Byte code is the same for all patch levels of a minor version, and a Lib of
one patch level works with the extension modules of another.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from pyiismod.errors import RuntimeInstallError, RuntimeProblem
from pyiismod.runtime import bundle, downloads
from pyiismod.runtime.manifest import package_file, read_manifest

__all__ = ["Origin", "Progress", "assemble", "open_source"]

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_DLL = f"python{_VERSION.replace('.', '')}.dll"
_PACKAGES = ("cffi", "msgspec")
_BESIDE = ("python3", "vcruntime")
_UNWANTED = ("api-ms-", "ucrtbase", "tcl86t", "tk86t", "_tkinter", "_test", "_ctypes_test")
_SKIP = frozenset(
    ("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages")
)
_NEEDED = ("asyncio", "collections", "encodings", "json", "typing.py")


class Progress(Protocol):
    """Is told how far an installation is; :mod:`pyiismod.cli.runtime` draws it."""

    def step(self, text: str, total: int | None = None) -> None:
        """Begin the next step; ``total`` is its size in bytes, if known."""

    def advance(self, done: int) -> None:
        """Say how many bytes of the step are done."""


class Origin(NamedTuple):
    """Where python3XX.dll and the extension modules lie, and how the manifest calls that."""

    root: Path
    label: str


def assemble(new: Path, source: Path | None, kept: Path | None, cache: Path, tell: Progress) -> str:
    """Build everything but the manifest in the empty directory ``new``; return what the manifest calls the source.

    Args:
        new: is filled.
        source: a Windows Python of the user's (a directory, or a zip or nupkg file).
        kept: the present installation, taken if its parts are the right ones and nothing else is asked for.
        cache: for downloads, if any are needed.
        tell: is told about each step.

    Raises:
        RuntimeInstallError: something cannot be had, or does not fit.
    """
    wheels = downloads.pinned()
    with tempfile.TemporaryDirectory(dir=new.parent) as scratch:
        if source is not None:
            tell.step(f"Copying {source.name}")
            origin = Origin(open_source(source, Path(scratch)), str(source.absolute()))
        else:
            origin = _reuse(kept, wheels) or _unpack(wheels["panda3d"], cache, Path(scratch), tell)
        _copy_binaries(origin.root, new)
        for name in _PACKAGES:
            _add_package(wheels[name], origin.root, new / "site", cache, tell)
    tell.step("Copying the standard library")
    stdlib = Path(sysconfig.get_path("stdlib"))
    modules = list(_copy_library(stdlib, new / "Lib"))
    shutil.copyfile(package_file("python.exe"), new / "python.exe")
    (new / f"{Path(_DLL).stem}._pth").write_text("Lib\nDLLs\nsite\n")
    added = [*bundle.find_modules(new / "DLLs"), *bundle.find_modules(new / "site")]
    origins = {stdlib: "Lib", new / "DLLs": "DLLs", new / "site": "site"}
    bundle.write_bundle(new / "library.bundle", [*modules, *added], origins)
    finder = bundle.Module("_pyiismod_finder", Path(__file__).with_name("finder.py"))
    bundle.write_frozen(new / "start.frozen", [*(m for m in modules if m.name in bundle.START_MODULES), finder])
    return origin.label


def packages() -> dict[str, str]:
    """Return the versions of the packages that :func:`assemble` adds."""
    wheels = downloads.pinned()
    return {name: wheels[name].version for name in _PACKAGES}


def open_source(source: Path, scratch: Path) -> Path:
    """Return the directory with python3XX.dll in what ``--from`` names; a zip file is unpacked into ``scratch``.

    Raises:
        RuntimeInstallError: it is no Windows Python of this minor version.
    """
    hint = f"Name a 64-bit Python {_VERSION} for Windows: its directory, embeddable zip file, or NuGet package."
    if not source.exists():
        raise RuntimeInstallError(f"--from: there is no {source}.", hint=hint)
    if source.is_file():
        if not zipfile.is_zipfile(source):
            raise RuntimeInstallError(f"--from: {source} is no directory and no zip file.", hint=hint)
        with zipfile.ZipFile(source) as archive:
            archive.extractall(scratch)
    top = scratch if source.is_file() else source
    found = sorted(path for depth in ("", "*/", "*/*/") for path in top.glob(f"{depth}[Pp]ython3*.dll"))
    for path in found:
        if path.name.lower() == _DLL:
            return path.parent
    names = ", ".join(path.name for path in found if path.name.lower() != "python3.dll") or "no python3XX.dll"
    raise RuntimeInstallError(f"--from: {source} holds {names}; both sides must be Python {_VERSION}.", hint=hint)


def _reuse(kept: Path | None, wheels: dict[str, downloads.Wheel]) -> Origin | None:
    if kept is None:
        return None
    try:
        manifest = read_manifest(kept, any_version=True)
    except RuntimeProblem:
        return None
    label = f"panda3d {wheels['panda3d'].version}"
    fits = manifest.source == label or not manifest.source.startswith("panda3d ")
    return Origin(kept, manifest.source) if fits and manifest.packages == packages() else None


def _unpack(wheel: downloads.Wheel, cache: Path, scratch: Path, tell: Progress) -> Origin:
    path = _fetch(wheel, cache, tell)
    tell.step("Unpacking the Windows Python")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(scratch, [name for name in archive.namelist() if name.startswith("deploy_libs/")])
    return Origin(scratch / "deploy_libs", f"{wheel.name} {wheel.version}")


def _fetch(wheel: downloads.Wheel, cache: Path, tell: Progress) -> Path:
    tell.step(f"Downloading {wheel.name} {wheel.version}", wheel.size)
    path = downloads.fetch(wheel, cache, tell.advance)
    tell.advance(wheel.size)
    return path


def _copy_binaries(root: Path, new: Path) -> None:
    (new / "DLLs").mkdir()
    for directory in (root, root / "DLLs"):
        for file in directory.iterdir() if directory.is_dir() else ():
            name = file.name.lower()
            free_threaded = "t-win_" in name
            if name.endswith((".dll", ".pyd")) and not name.startswith(_UNWANTED) and not free_threaded:
                shutil.copyfile(file, new / ("" if name.startswith(_BESIDE) else "DLLs") / file.name)


def _add_package(wheel: downloads.Wheel, root: Path, site: Path, cache: Path, tell: Progress) -> None:
    """Take a package from the Python in ``root`` if it has the pinned version, else from its wheel."""
    for place in (root / "site", root / "Lib" / "site-packages"):
        if (place / f"{wheel.name}-{wheel.version}.dist-info").is_dir():
            _copy_package(place, wheel.name, site)
            return
    with zipfile.ZipFile(_fetch(wheel, cache, tell)) as archive:
        archive.extractall(site)


def _copy_package(place: Path, name: str, site: Path) -> None:
    site.mkdir(exist_ok=True)
    for entry in place.iterdir():
        if entry.name == name or entry.name.startswith((f"{name}-", f"_{name}_backend")):
            copy = shutil.copytree if entry.is_dir() else shutil.copyfile
            copy(entry, site / entry.name)


def _copy_library(stdlib: Path, target: Path) -> Iterator[bundle.Module]:
    """Copy the sources of the standard library; yields the modules as they are in ``stdlib``."""
    missing = [name for name in _NEEDED if not (stdlib / name).exists()]
    if missing:
        raise RuntimeInstallError(
            f"The standard library of {sys.executable} is incomplete: there is no {missing[0]} in {stdlib}.",
            hint="sudo apt-get install --no-install-recommends python3",
        )
    modules: Iterable[bundle.Module] = bundle.find_modules(stdlib, skip=_SKIP)
    for module in modules:
        if not module.extension and not module.name.startswith("_sysconfigdata"):
            copy = target / module.source.relative_to(stdlib)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(module.source, copy)
            yield module
