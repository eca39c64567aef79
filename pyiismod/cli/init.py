"""``pyiismod init``: a starter for people who write a module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyiismod.cli import screen

__all__ = ["init"]


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where; it is made if it is not there.", show_default=False)
    ] = Path(),
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the module; the folder's when left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Write a starter: a module in C++, its CMake build, its tests, and their CI workflow.

    \b
    pyiismod init mymodule
    cd mymodule
    cmake --workflow --preset mingw     (on Linux; on Windows: --preset msvc)
    pytest

    Nothing that is there is written over unless --force is given.
    """
    from pyiismod.starter import write

    out, _ = screen.standard()
    target = folder.resolve()
    for path in write(target, name or target.name, force=force):
        out.text(f"wrote {path}")
    out.text(f"Next: see {folder / 'README.md'}")
