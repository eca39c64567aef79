"""A lock on a file that ends with this process, however it ends: the supervisor's proof that we still live.

A pipe would not do: others may have inherited its other end, and Wine 8 cannot look at one without reading. A POSIX
record lock is not inherited by forked children; Wine's ``LockFileEx`` sees it.
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["Lifeline"]

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)


class Lifeline:
    """Create the file and lock it until :meth:`cut`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        _lock(self._file.fileno())

    def cut(self) -> None:
        """Unlock the file, which stays. Idempotent."""
        self._file.close()
