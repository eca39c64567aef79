"""Wine: finding it, preparing a prefix, and the life of that prefix's wineserver.

A prefix is prepared once, at installation, because its first start takes seconds. Ours differs from Wine's default:
nothing in the user's home directory is linked, created or associated; no crash dialog, no debugger, no display;
services that no module needs are not started; placeholders of Wine's DLLs are cut down to what Windows programs
can see of them (600 MB of debug information); no fonts, for every process that loads user32.dll (as cffi does) looks
through all of them; Wine never updates it by itself, we make it anew when Wine changes.

A wineserver that has ended costs the next start 0.4 s instead of 0.02 s, and the first process in a prefix hands its
pipes to the services it starts. So :func:`warm_up` starts server and services before any worker, with none of our
handles, and lets them linger for ``PYIISMOD_WINESERVER_LINGER`` seconds (10) after the last worker has gone.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyiismod.errors import RuntimeBroken, RuntimeInstallError, RuntimeMissing

__all__ = ["INSTALL_WINE", "PREFIX_FORMAT", "Wine", "check_prefix", "locate", "make_prefix", "shut_down", "warm_up"]

PREFIX_FORMAT = 2
"""Counts changes of what :func:`make_prefix` makes."""

INSTALL_WINE = "Run: sudo apt-get install --no-install-recommends wine"
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
_MARKER = "pyiismod.json"
_FONTS = "fonts.conf"

_REGISTRY = """REGEDIT4

[HKEY_CURRENT_USER\\Software\\Wine\\WineDbg]
"ShowCrashDialog"=dword:00000000

[HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug]
"Auto"="0"
"Debugger"=""

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\Eventlog]
"Start"=dword:00000003

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\PlugPlay]
"Start"=dword:00000003

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\NDIS]
"Start"=dword:00000003

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\winebus]
"Start"=dword:00000004

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\wineusb]
"Start"=dword:00000004

[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\winehid]
"Start"=dword:00000004
"""


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
            "FONTCONFIG_FILE": str(prefix / _FONTS),
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
            f"A module runs on Windows, or on Linux x86-64 under Wine; this is {sys.platform} on {platform.machine()}",
            hint="Use a Linux x86-64 machine or container, or Windows.",
        )
    directories = [*_DIRECTORIES, *os.environ.get("PATH", "").split(os.pathsep)]
    loader = next((path for d in directories if _is_program(path := Path(d, "wine64"))), None)
    if loader is None:
        if any(_is_program(Path(d, "wine")) for d in directories):
            raise RuntimeMissing(
                "Wine is installed, but only for 32-bit programs: there is no wine64",
                hint="Run: sudo apt-get install --no-install-recommends wine64",
            )
        raise RuntimeMissing("Wine is not installed", hint=INSTALL_WINE)
    near = [str(loader.parent), str(loader.resolve().parent), *directories]
    for name in ("wineserver64", "wineserver"):
        for directory in near:
            if _is_program(server := Path(directory, name)):
                return Wine(loader, server)
    raise RuntimeMissing(f"Wine is installed ({loader}), but its wineserver is not", hint=INSTALL_WINE)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def check_prefix(wine: Wine, prefix: Path) -> None:
    """Raise unless ``prefix`` was made, completely, by this version of pyiismod with this Wine.

    Raises:
        RuntimeMissing: there is no prefix.
        RuntimeBroken: it is not usable.
    """
    hint = "Run: pyiismod runtime install"
    if not prefix.is_dir():
        raise RuntimeMissing(f"The Wine prefix is not there ({prefix})", hint=hint)
    try:
        marker = json.loads((prefix / _MARKER).read_text())
        for name in ("system.reg", _FONTS, "drive_c/windows/system32/kernel32.dll", "dosdevices/z:"):
            (prefix / name).stat()
    except (OSError, ValueError) as error:
        raise RuntimeBroken(f"The Wine prefix {prefix} is only half made ({error})", hint=hint) from None
    if marker.get("format") != PREFIX_FORMAT:
        raise RuntimeBroken(f"The Wine prefix {prefix} was made by another version of pyiismod", hint=hint)
    if marker.get("stamp") != wine.stamp:
        made = marker.get("wine", "another Wine")
        raise RuntimeBroken(f"Wine has changed since the runtime was installed (it was {made})", hint=hint)


def make_prefix(wine: Wine, prefix: Path, report: Callable[[str], None]) -> None:
    """Make a prefix at ``prefix``, which must not exist; takes about 10 s. The server has ended on return.

    Raises:
        RuntimeInstallError: Wine failed; the message has its last words.
    """
    env = wine.environment(prefix)
    try:
        report("Wine makes its prefix")
        prefix.mkdir(parents=True)
        (prefix / _FONTS).write_text("<fontconfig></fontconfig>\n")
        _run(wine, env, "wineboot.exe", "--init")
        script = prefix / "drive_c" / "pyiismod.reg"
        script.write_text(_REGISTRY, encoding="ascii")
        _run(wine, env, "regedit.exe", "/S", "C:\\pyiismod.reg")
        script.unlink()
        subprocess.run([wine.server, "-w"], env=env, stdin=subprocess.DEVNULL, timeout=60, check=False)
    finally:
        shut_down(wine, prefix, force=True)
    report("Trimming the prefix")
    (prefix / ".update-timestamp").write_text("disable\n")
    _unlink_home(prefix)
    for path in (prefix / "drive_c").rglob("*"):
        if path.suffix.lower() in (".dll", ".exe", ".drv", ".ocx", ".acm", ".ax", ".cpl", ".sys") and path.is_file():
            _strip(path)
    marker = {"format": PREFIX_FORMAT, "wine": wine.version, "stamp": wine.stamp}
    (prefix / _MARKER).write_text(json.dumps(marker))


def _run(wine: Wine, env: dict[str, str], *args: str) -> None:
    process = subprocess.Popen(
        [wine.loader, *args], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        code = process.wait(timeout=180)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = -1
    if code != 0:
        raise RuntimeInstallError(
            f"Wine could not prepare its prefix: {args[0]} ended with {code}"
            if code > 0
            else f"Wine hangs in {args[0]}",
            hint=f"See what it says: WINEPREFIX={env['WINEPREFIX']} {wine.loader} {' '.join(args)}",
        )


def _unlink_home(prefix: Path) -> None:
    """Replace links to the user's home directory and devices by plain directories."""
    for path in (prefix / "drive_c" / "users").rglob("*"):
        if path.is_symlink():
            path.unlink()
            path.mkdir()
    for path in (prefix / "dosdevices").iterdir():
        if path.name not in ("c:", "z:"):
            path.unlink()


def _strip(path: Path) -> None:
    """Cut debug sections, which lie at the end of Wine's placeholders; Wine loads the code from its own directory."""
    with path.open("r+b") as file, contextlib.suppress(struct.error):
        head = file.read(4096)
        (at,) = struct.unpack_from("<I", head, 0x3C)
        if head[:2] != b"MZ" or b"Wine builtin DLL" not in head[:0x60] or head[at : at + 4] != b"PE\0\0":
            return
        sections, symbols = struct.unpack_from("<H", head, at + 6)[0], at + 12
        table = at + 24 + struct.unpack_from("<H", head, at + 20)[0]
        ends = [0]
        for offset in range(table, table + 40 * sections, 40):
            if head[offset : offset + 1] != b"/":
                size, start = struct.unpack_from("<II", head, offset + 16)
                ends.append(start + size)
        file.seek(symbols)
        file.write(bytes(8))
        file.truncate(max(ends))


def warm_up(wine: Wine, prefix: Path) -> bool:
    """Start the prefix's wineserver and services unless they run; return whether they had to be started (0.4 s).

    Nothing of ours is inherited by them, they are in a session of their own, and nothing is left for us to reap.
    """
    env = wine.environment(prefix)
    linger = os.environ.get("PYIISMOD_WINESERVER_LINGER", "10")
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
    return subprocess.run(
        command,
        env=env,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    ).returncode
