"""A throwaway place to run a module that nobody trusts: :class:`Sandbox`."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from pyiismod.errors import UsageError
from pyiismod.inspection import import_closure
from pyiismod.runtime import find
from pyiismod.runtime.confinement import Confinement, confine
from pyiismod.server import Server

__all__ = ["Sandbox"]

_PAGE = """<!DOCTYPE html>
<html><head><title>Home</title></head>
<body><h1>Welcome</h1><p>An ordinary page.</p></body></html>
"""
_FILES = {"index.html": _PAGE, "robots.txt": "User-agent: *\nDisallow:\n", "about.html": _PAGE.replace("Home", "About")}
_CPU_SECONDS = 60


class Sandbox:
    """A folder with a copy of the module and of the DLLs beside it that it needs, a small site, and a confined runtime.

    Args:
        megabytes: memory that the worker may have.
        unconfined: go on where the network cannot be taken from it.

    Attributes:
        confinement: what is kept from the module.
        site: the site's content.

    Raises:
        RuntimeProblem: there is nothing to run it with.
        UsageError: this system cannot confine it, and ``unconfined`` is not given.
    """

    def __init__(self, *, megabytes: int = 1024, unconfined: bool = False) -> None:
        runtime = find()
        self._directory = Path(tempfile.mkdtemp(prefix="pyiismod-probe-")).resolve()
        try:
            self.confinement: Confinement = confine(runtime, self._directory, megabytes=megabytes, seconds=_CPU_SECONDS)
            if self.confinement.has_network and not unconfined:
                raise UsageError(
                    "This system cannot take the network from the module, so it is not run.",
                    hint="Install bubblewrap (Debian: apt install bubblewrap), use a virtual machine, or give "
                    "--unconfined for a module that you trust.",
                )
            self.site = self._directory / "site"
            self.site.mkdir()
            for name, text in _FILES.items():
                (self.site / name).write_text(text, encoding="ascii", newline="\n")
            self._before: dict[str, tuple[int, int]] = {}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def copy(self, module: Path) -> Path:
        """Copy a module and what it needs out of its own directory; return the copy.

        Raises:
            InvalidImage: it cannot be read.
        """
        closure = import_closure(module)
        place = Path(tempfile.mkdtemp(prefix="module-", dir=self._directory))
        beside = {entry.name.lower(): entry for entry in Path(module).resolve().parent.iterdir() if entry.is_file()}
        for name in {*closure.images, *closure.unreadable}:
            if name in beside:
                shutil.copyfile(beside[name], place / beside[name].name)
        copy = place / module.name
        shutil.copyfile(module, copy)
        return copy

    def server(self, *, timeout: float = 10.0, **settings: Any) -> Server:
        """Return a server whose workers run here, with the small site as its content.

        Its error pages have details for everybody: a page that differs from client to client is not the module's doing.
        """
        settings["error_mode"] = "Detailed"
        return Server(root=self.site, timeout=timeout, runtime=self.confinement.runtime, **settings)

    def remember(self) -> None:
        """Note the files that there are now; see :meth:`changed_files`."""
        self._before = self._files()

    def changed_files(self) -> list[str]:
        """Return files that were written since :meth:`remember`, as paths of the Windows side or of the site."""
        after = self._files()
        return sorted(name for name, state in after.items() if self._before.get(name) != state)

    def _files(self) -> dict[str, tuple[int, int]]:
        found = {}
        for root in (self._directory / "prefix" / "drive_c", self.site):
            for directory, _, names in os.walk(root):
                for name in names:
                    path = Path(directory, name)
                    try:
                        state = path.stat()
                    except OSError:
                        continue
                    found[path.relative_to(self._directory).as_posix()] = state.st_size, state.st_mtime_ns
        return found

    def close(self) -> None:
        """End what still runs there and remove it. Idempotent."""
        if hasattr(self, "confinement"):
            self.confinement.runtime.shut_down()
        shutil.rmtree(self._directory, ignore_errors=True)
