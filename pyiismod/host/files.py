"""What is at a path, whatever a module or a client has made of it: asking never raises."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISDIR, S_ISREG


def is_file(path: str) -> bool:
    """Return whether there is a file."""
    return S_ISREG(_mode(path))


def is_folder(path: str) -> bool:
    """Return whether there is a folder."""
    return S_ISDIR(_mode(path))


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0
