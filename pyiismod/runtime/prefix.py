"""Making a Wine prefix, and telling whether one is fit for use.

A prefix is made once, at installation, because its first start takes seconds. Ours differs from Wine's default: nothing
in the user's home directory is linked, created or associated; no crash dialog, no debugger, no display; services that
no module needs are not started by themselves; placeholders of Wine's DLLs are cut down to what Windows programs can see
of them (600 MB of debug information); no fonts, for every process that loads user32.dll (as cffi does) looks through
all of them; Wine never updates it by itself, we make it anew when Wine changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from pyiismod.errors import RuntimeBroken, RuntimeInstallError, RuntimeMissing
from pyiismod.runtime.wine import FONTS, Wine, shut_down

__all__ = ["check_prefix", "make_prefix"]

_FORMAT = 2
"""Counts changes of what :func:`make_prefix` makes."""

_MARKER = "pyiismod.json"
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


def check_prefix(wine: Wine, prefix: Path) -> None:
    """Raise unless ``prefix`` was made, completely, by this version of pyiismod with this Wine.

    Raises:
        RuntimeMissing: there is no prefix.
        RuntimeBroken: it is not usable.
    """
    hint = "pyiismod runtime install"
    if not prefix.is_dir():
        raise RuntimeMissing(f"The Wine prefix is not there ({prefix}).", hint=hint)
    if prefix.stat().st_uid != os.getuid():
        raise RuntimeBroken(
            f"The Wine prefix {prefix} belongs to another user, and Wine refuses to use it.",
            hint="Set PYIISMOD_HOME to a directory of yours, and run: pyiismod runtime install",
        )
    try:
        marker = json.loads((prefix / _MARKER).read_text())
        for name in ("system.reg", FONTS, "drive_c/windows/system32/kernel32.dll", "dosdevices/z:"):
            (prefix / name).stat()
    except (OSError, ValueError) as error:
        raise RuntimeBroken(f"The Wine prefix {prefix} is only half made ({error}).", hint=hint) from None
    if marker.get("format") != _FORMAT:
        raise RuntimeBroken(f"The Wine prefix {prefix} was made by another version of pyiismod.", hint=hint)
    if marker.get("stamp") != wine.stamp:
        made = marker.get("wine", "another Wine")
        raise RuntimeBroken(f"Wine has changed since the runtime was installed (it was {made}).", hint=hint)


def make_prefix(wine: Wine, prefix: Path, report: Callable[[str], None]) -> None:
    """Make a prefix at ``prefix``, which must not exist; takes about 10 s. The server has ended on return.

    Raises:
        RuntimeInstallError: Wine failed; the message has its last words.
    """
    env = wine.environment(prefix)
    try:
        report("Wine makes its prefix")
        prefix.mkdir(parents=True)
        (prefix / FONTS).write_text("<fontconfig></fontconfig>\n")
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
    marker = {"format": _FORMAT, "wine": wine.version, "stamp": wine.stamp}
    (prefix / _MARKER).write_text(json.dumps(marker))


def _run(wine: Wine, env: dict[str, str], *args: str) -> None:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [wine.loader, *args], env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            code = process.wait(timeout=180)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()
            process.wait()
        if code != 0:
            output.seek(0)
            words = output.read().decode(errors="replace").strip()
            raise RuntimeInstallError(
                f"Wine could not prepare its prefix: {args[0]} {'hangs' if code is None else f'ended with {code}'}.",
                hint="PYIISMOD_WINEDEBUG=err+all pyiismod runtime install",
                details={"wine": wine.version, "output": words[-4000:]},
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
