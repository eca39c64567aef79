"""Finding the Windows Python that workers run, and how to start it.

Three cases give the same :class:`Runtime`:

* Windows: the interpreter in use. A virtual environment's ``python.exe`` only starts the base interpreter as its
  child, which a debugger of the first process would miss; so the base interpreter is started, told through
  ``__PYVENV_LAUNCHER__`` (as :mod:`multiprocessing` does it) which environment it belongs to.
* The installed runtime under Wine: its own python.exe imports from bundles, see :mod:`pyiismod.runtime.finder`.
* Another Windows Python under Wine, named by ``PYIISMOD_WINDOWS_PYTHON`` or the caller. It runs ``finder.py`` as a
  script, which finds pyiismod for it; everything else is its own.
"""

from __future__ import annotations

import os
import shutil
import struct
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyiismod.errors import RuntimeBroken, RuntimeMissing
from pyiismod.runtime import bundle, paths, wine
from pyiismod.runtime.manifest import Manifest, package_file, read_manifest
from pyiismod.runtime.prefix import check_prefix

__all__ = ["Runtime", "find"]

_CONFINED = ("PATH", "LC_ALL", "HOME", "FONTCONFIG_FILE", "LD_LIBRARY_PATH")
"""Variables of ours that a confined worker gets, besides Wine's."""


@dataclass(frozen=True)
class Runtime:
    """Everything needed to start a Windows Python that can import pyiismod, cffi and msgspec.

    Attributes:
        python: python.exe, a path of this side.
        loader: what comes before it on a command line of this side: ``["/usr/lib/wine/wine64"]``, or ``[]``.
        supervisor: our debugger program, a path of this side.
        scratch: where workers put their own files; the system's place for temporary files when None.
    """

    python: str
    loader: list[str]
    supervisor: Path
    scratch: Path | None = field(default=None, kw_only=True)
    _environment: dict[str, str] = field(repr=False)
    _prefix: Path | None = None
    _wine: wine.Wine | None = None
    _script: str | None = None
    _manifest: Manifest | None = field(default=None, repr=False)
    _is_confined: bool = False

    @property
    def needs_wine(self) -> bool:
        """Whether this side is not Windows."""
        return self._wine is not None

    def command(self, *args: str) -> list[str]:
        """Return the argv that runs the Windows Python with ``args``; use it with :meth:`environment`."""
        return [*self.loader, *self.windows_command(*args)]

    def windows_command(self, *args: str) -> list[str]:
        """Return :meth:`command` without the loader: for a program of the Windows side that starts Python itself."""
        start = ["-X", "utf8"] if self._script is None else ["-I", "-X", "utf8", self._script]
        python = self.python if self._prefix is None else self.to_windows(self.python)
        return [python, *start, *args]

    def module_command(self, module: str, *args: str) -> list[str]:
        """Return the argv that runs ``module`` as a program."""
        return self.command("-m", module, *args)

    def environment(self) -> dict[str, str]:
        """Return the whole environment (a new ``dict``) that :meth:`command` needs."""
        return dict(self._environment)

    def to_windows(self, path: str | os.PathLike[str]) -> str:
        r"""Return how a worker calls a file of this side (``Z:\tmp\a.dll``); raises ``UsageError`` if it cannot."""
        return str(Path(path).absolute()) if self._prefix is None else paths.windows_path(path)

    def to_host(self, path: str) -> str:
        """Return how this side calls a file of the worker; raises ``UsageError`` if it cannot."""
        return path if self._prefix is None else paths.unix_path(path, self._prefix)

    @property
    def prefix(self) -> Path | None:
        """The Wine prefix, None on Windows."""
        return self._prefix

    def confined(self, wrapper: list[str], directory: Path) -> Runtime:
        """Return this runtime with a copy of the prefix, each of whose workers runs inside of ``wrapper``.

        Of the environment only what Wine needs goes with it.

        Args:
            wrapper: what comes before the loader on the command line. Wine's server runs inside, too, so nothing is
                warmed up, and :meth:`shut_down` ends one that outlives its worker.
            directory: where the copy goes (``prefix``), and what workers write.
        """
        if self._prefix is None or self._wine is None:
            return self
        prefix = directory / "prefix"
        shutil.copytree(self._prefix, prefix, symlinks=True)
        ours = self._wine.environment(prefix)
        environment = {name: ours[name] for name in ours if name in _CONFINED or name.startswith("WINE")}
        environment["PYIISMOD_BUNDLE"] = self._environment["PYIISMOD_BUNDLE"]
        return replace(
            self,
            loader=[*wrapper, *self.loader],
            scratch=directory,
            _environment=environment,
            _prefix=prefix,
            _is_confined=True,
        )

    def warm_up(self) -> bool:
        """Have Wine's server and services running before a worker starts; return whether they had to be started.

        Takes about 2 ms if they run. They linger for ``PYIISMOD_WINESERVER_LINGER`` seconds (10) without a worker.
        """
        if self._wine is None or self._prefix is None or self._is_confined:
            return False
        return wine.warm_up(self._wine, self._prefix)

    def shut_down(self) -> bool:
        """End Wine's server unless somebody's worker still runs; return whether none runs now."""
        if self._wine is None or self._prefix is None:
            return True
        return wine.shut_down(self._wine, self._prefix, force=self._is_confined)

    def describe(self) -> dict[str, str]:
        """Return facts for people: name → value."""
        facts = {"python": self.python, "home": str(paths.home())}
        if self._manifest is not None:
            facts |= {"version": self._manifest.python, "source": self._manifest.source, **self._manifest.packages}
        if self._wine is not None:
            facts |= {"wine": self._wine.version, "prefix": str(self._prefix)}
        return facts


def find(python: str | None = None) -> Runtime:
    """Return the runtime for this interpreter; reads some file sizes, starts nothing.

    Args:
        python: an existing Windows Python (its python.exe or its directory) instead of the installed one; default is
            ``PYIISMOD_WINDOWS_PYTHON``.

    Raises:
        RuntimeMissing: nothing is installed, or this machine cannot run it. The message names the command that helps.
        RuntimeBroken: what is installed (or named) is incomplete or does not fit.
    """
    supervisor = package_file("supervisor.exe")
    if sys.platform == "win32":
        return _in_place(supervisor)
    tool = wine.locate()
    home = paths.home()
    prefix = home / "prefix"
    named = python or os.environ.get("PYIISMOD_WINDOWS_PYTHON")
    manifest, script = None, None
    if named:
        program = _check_named(Path(named))
        script = paths.windows_path(Path(__file__).with_name("finder.py"))
    else:
        manifest = read_manifest(home / paths.TAG)
        program = home / paths.TAG / "python.exe"
    check_prefix(tool, prefix)
    package = Path(__file__).parents[1]
    modules = bundle.application_bundle(home / "bundles", package, paths.windows_path(package))
    environment = tool.environment(prefix) | {"PYIISMOD_BUNDLE": paths.windows_path(modules)}
    return Runtime(str(program), [str(tool.loader)], supervisor, environment, prefix, tool, script, manifest)


def _in_place(supervisor: Path) -> Runtime:
    if struct.calcsize("P") != 8:
        raise RuntimeMissing(
            "This Python is a 32-bit program, modules of IIS are 64-bit.", hint="Use a 64-bit Python for Windows."
        )
    environment = dict(os.environ)
    base = str(getattr(sys, "_base_executable", sys.executable))
    if os.path.normcase(base) != os.path.normcase(sys.executable):
        environment["__PYVENV_LAUNCHER__"] = sys.executable
    return Runtime(base, [], supervisor, environment)


def _check_named(path: Path) -> Path:
    """Return python.exe of a Windows Python that can run workers in place."""
    where = "PYIISMOD_WINDOWS_PYTHON"
    program = path / "python.exe" if path.is_dir() else path
    if not program.is_file():
        raise RuntimeMissing(f"{where}: there is no {program}.", hint="Name python.exe or the directory it lies in.")
    machine = _machine(program)
    if machine != 0x8664:
        kind = {None: "no Windows program", 0x14C: "a 32-bit program", 0xAA64: "a program for ARM64"}.get(
            machine, "for another processor"
        )
        raise RuntimeBroken(f"{where}: {program} is {kind}.", hint="Name a 64-bit (x86-64) Python for Windows.")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = f"python{version.replace('.', '')}.dll"
    if not any(file.name.lower() == wanted for file in program.parent.iterdir()):
        raise RuntimeBroken(
            f"{where}: {program} is not Python {version}.", hint=f"Name a Python {version} for Windows."
        )
    for package in ("_cffi_backend", "msgspec"):
        places = (program.parent, program.parent / "Lib" / "site-packages")
        if not any(file.name.partition(".")[0] == package for d in places if d.is_dir() for file in d.iterdir()):
            name = package.strip("_").removesuffix("_backend")
            raise RuntimeBroken(
                f"{where}: the package {name} is not installed in {program.parent}.",
                hint=f"pyiismod runtime install --from {program.parent} (and unset {where})",
            )
    return program


def _machine(program: Path) -> int | None:
    with program.open("rb") as file:
        head = file.read(4096)
    if head[:2] != b"MZ" or len(head) < 0x40:
        return None
    (at,) = struct.unpack_from("<I", head, 0x3C)
    return struct.unpack_from("<H", head, at + 4)[0] if head[at : at + 4] == b"PE\0\0" and len(head) > at + 6 else None
