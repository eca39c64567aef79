"""Where things lie on this side, and how host paths and Windows paths translate under Wine.

Everything pyiismod keeps lies in one directory per user (``PYIISMOD_HOME`` moves it):

    cp311/        the Windows CPython of one minor version, see :mod:`pyiismod.runtime.install`
    prefix/       the WINEPREFIX that all of them share
    bundles/      pyiismod's own modules, compiled, see :mod:`pyiismod.runtime.bundle`
    downloads/    wheels, until the installation that needs them is complete
    lock          held by ``pyiismod runtime install`` and ``remove``

The prefix maps drive ``Z:`` to ``/`` and ``C:`` to its own ``drive_c``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import platformdirs

from pyiismod.errors import UsageError

__all__ = ["TAG", "home", "unix_path", "windows_path"]

TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
"""Names the Python minor version that both sides share (``"cp311"``)."""

_UNNAMEABLE = re.compile(r'[\\<>:"|?*\x00-\x1f\ud800-\udfff]|[. ](?=/|$)')


def home() -> Path:
    """Return the directory that everything lies in; it need not exist."""
    chosen = os.environ.get("PYIISMOD_HOME")
    return Path(chosen).absolute() if chosen else Path(platformdirs.user_data_dir("pyiismod", appauthor=False))


def windows_path(path: str | os.PathLike[str]) -> str:
    r"""Translate a path of this side: ``/a/b`` → ``Z:\a\b``. Relative paths start at the current directory.

    Raises:
        UsageError: Windows has no name for that path.
    """
    full = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps "..", resolve follows links
    rest = full.lstrip("/")
    if found := _UNNAMEABLE.search(rest):
        bad = ascii(found[0]) if not found[0].isspace() and found[0] != "." else f"a name that ends with {found[0]!r}"
        raise UsageError(
            f"Windows has no name for {full!a}: it contains {bad}.", hint="Rename it or use another directory."
        )
    return "Z:\\" + rest.replace("/", "\\")


def unix_path(path: str, prefix: Path) -> str:
    r"""Translate a Windows path of the worker: ``Z:\a\b`` → ``/a/b``, ``C:\a`` → ``PREFIX/drive_c/a``.

    Raises:
        UsageError: the path is not absolute, or on a drive or share that this side does not have.
    """
    plain = path.replace("/", "\\")
    for device in ("\\\\?\\", "\\??\\", "\\\\.\\"):
        plain = plain.removeprefix(device)
    if plain.lower().startswith("unix\\"):
        return "/" + plain[5:].replace("\\", "/").lstrip("/")
    drive, colon, rest = plain.partition(":")
    root = {"z": Path("/"), "c": prefix / "drive_c"}.get(drive.lower())
    if root is None or not colon or not rest.startswith("\\"):
        raise UsageError(f"{path!r} is no absolute path on drive C: or Z: of the runtime.")
    parts = [part for part in rest.split("\\") if part]
    return str(root.joinpath(*parts))
