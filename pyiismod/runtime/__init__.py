"""Where a worker runs: :func:`find` it, :func:`install` it, talk about its paths.

On Windows that is the interpreter in use, in place. Elsewhere it is Wine and a Windows CPython of the same minor
version, which ``pyiismod runtime install`` puts into one directory of the user.
"""

from __future__ import annotations

from pyiismod.runtime.interpreter import Runtime, find
from pyiismod.runtime.paths import home

__all__ = ["Runtime", "find", "home"]
