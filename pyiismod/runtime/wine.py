"""Wine: finding it, its environment, and the life of a prefix's wineserver.

A wineserver that has ended costs the next start 0.4 s instead of 0.02 s, and the first process in a prefix hands its
pipes to the services it starts. So :func:`warm_up` starts server and services before any worker, with none of our
handles, and lets them linger for ``PYIISMOD_WINESERVER_LINGER`` seconds (10) after the last worker has gone.
"""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pyiismod.errors import RuntimeBroken, RuntimeMissing, UsageError

__all__ = ["FONTS", "Wine", "locate", "shut_down", "warm_up"]

_INSTALL_WINE = "sudo apt-get install --no-install-recommends wine"
_DIRECTORIES = (
    "/usr/lib/wine",
    "/opt/wine-stable/bin",
    "/opt/wine-staging/bin",
    "/opt/wine-devel/bin",
    "/usr/lib64/wine",
)
_SERVICES = {
    *("services.exe", "winedevice.exe", "plugplay.exe", "svchost.exe", "rpcss.exe", "explorer.exe", "conhost.exe"),
    *("wineboot.exe", "wineserver", "wineserver64"),
}
_PATIENCE = 60
FONTS = "fonts.conf"
"""The configuration of fontconfig in a prefix."""


@dataclass(frozen=True)
class Wine:
    """The two programs of a 64-bit Wine, and what it calls itself (``"wine-8.0 (Debian 8.0~repack-4)"``)."""

    loader: Path
    server: Path

    @functools.cached_property
    def version(self) -> str:
        """Ask Wine for its version; takes some milliseconds."""
        answer = subprocess.run([self.loader, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return answer.stdout.strip()

    @property
    def stamp(self) -> str:
        """Changes when another Wine is installed; cheap."""
        stat = self.loader.stat()
        return f"{self.loader}|{stat.st_size}|{stat.st_mtime_ns}"

    def environment(self, prefix: Path) -> dict[str, str]:
        """Return the environment for processes in ``prefix``: ours, less what would change how they behave."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WINE", "PYTHON", "LC_")) and name not in ("DISPLAY", "WAYLAND_DISPLAY", "LANGUAGE")
        }
        return env | {
            "WINEPREFIX": str(prefix),
            "WINELOADER": str(self.loader),
            "WINESERVER": str(self.server),
            "WINEARCH": "win64",
            "WINEDEBUG": os.environ.get("PYIISMOD_WINEDEBUG", "-all"),
            "WINEDLLOVERRIDES": "mscoree=d;mshtml=d;winedbg.exe=d;winemenubuilder.exe=d",
            "FONTCONFIG_FILE": str(prefix / FONTS),
            "LC_ALL": "C.UTF-8",
            "HOME": str(prefix),
        }


def locate() -> Wine:
    """Return the Wine of this machine.

    Raises:
        RuntimeMissing: there is none, or it cannot run 64-bit programs, or this machine cannot run one.
    """
    if not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "AMD64"):
        raise RuntimeMissing(
            f"A module runs on Windows, or on Linux x86-64 under Wine; this is {sys.platform} on {platform.machine()}.",
            hint="Use a Linux x86-64 machine or container, or Windows.",
        )
    directories = [*_DIRECTORIES, *os.environ.get("PATH", "").split(os.pathsep)]
    loaders = [path for name in ("wine64", "wine") for d in directories if _is_program(path := Path(d, name))]
    loader = next((path for path in loaders if path.name == "wine64" or _is_64_bit(path)), None)
    if loader is None:
        if loaders:
            raise RuntimeMissing(
                "Wine is installed, but only for 32-bit programs: there is no wine64.",
                hint="sudo apt-get install --no-install-recommends wine64",
            )
        raise RuntimeMissing("Wine is not installed.", hint=_INSTALL_WINE)
    near = [str(loader.parent), str(loader.resolve().parent), *directories]
    for name in ("wineserver64", "wineserver"):
        for directory in near:
            if _is_program(server := Path(directory, name)):
                return Wine(loader, server)
    raise RuntimeMissing(f"Wine is installed ({loader}), but its wineserver is not.", hint=_INSTALL_WINE)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_64_bit(path: Path) -> bool:
    """Whether it is a 64-bit ELF file: Wine 11 has one loader for all. (Debian's is a script that prefers 32 bits.)"""
    with path.open("rb") as file:
        return file.read(5) == b"\x7fELF\x02"


def warm_up(wine: Wine, prefix: Path) -> bool:
    """Start the prefix's wineserver and services unless they run; return whether they had to be started (0.4 s).

    Nothing of ours is inherited by them, they are in a session of their own, and nothing is left for us to reap.

    Raises:
        UsageError: ``PYIISMOD_WINESERVER_LINGER`` is no number.
        RuntimeBroken: Wine does not answer.
    """
    linger = os.environ.get("PYIISMOD_WINESERVER_LINGER") or "10"
    if not linger.isdecimal():
        raise UsageError(f"PYIISMOD_WINESERVER_LINGER is {linger!r}, but must be a number of seconds.")
    env = wine.environment(prefix)
    # The program forks into the background once the server listens; it answers 2 if one is there already.
    if _detached([str(wine.server), f"-p{linger}"], env) != 0:
        return False
    _detached([str(wine.loader), "C:\\windows\\system32\\hostname.exe"], env)
    return True


def shut_down(wine: Wine, prefix: Path, *, force: bool = False) -> bool:
    """End the prefix's wineserver; return whether none runs now.

    A program that still runs there (somebody else's worker) keeps it alive, and it ends later by itself; with
    ``force`` that program is ended too.
    """
    if not prefix.is_dir():
        return True
    if not force and _programs(prefix):
        return False
    _detached([str(wine.server), "-k", "-w"], wine.environment(prefix))
    return True


def _programs(prefix: Path) -> list[int]:
    """Return the ids of the processes in the prefix that are no part of Wine itself."""
    mark = b"WINEPREFIX=" + os.fsencode(prefix)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip().lower()
            if name not in _SERVICES and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found


def _detached(command: list[str], env: dict[str, str]) -> int:
    try:
        return subprocess.run(
            command,
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
            timeout=_PATIENCE,
        ).returncode
    except subprocess.TimeoutExpired:
        raise RuntimeBroken(
            f"Wine does not answer: {' '.join(command)} has not ended after {_PATIENCE} s.",
            hint="pyiismod runtime install --force",
        ) from None
