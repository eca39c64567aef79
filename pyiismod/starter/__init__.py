"""What ``pyiismod init`` writes: a module in C++, its build, its tests and their CI.

The files are in ``template``, as they will be but for ``@NAME@`` and the ending ``.in``. The header that they are built
with is a copy of ours, so that the project needs nothing of pyiismod to build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pyiismod.errors import UsageError

__all__ = ["write"]

_HERE = Path(__file__).parent
_MOVED = {"github": ".github/workflows", "gitlab-ci.yml": ".gitlab-ci.yml", "gitignore": ".gitignore"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def write(folder: Path, name: str, *, force: bool = False) -> list[Path]:
    """Write a starter.

    Args:
        folder: where; it is made if it is not there.
        name: of the module, which becomes ``NAME.dll``; a word.
        force: whether files that are there are written over.

    Returns:
        the files, from ``folder``.

    Raises:
        UsageError: files are there already, or the name is no word.
    """
    name = re.sub(r"[\s.-]+", "_", name)
    if not _NAME.fullmatch(name):
        hint = "Choose one with --name: a letter, then letters, digits and underscores."
        raise UsageError(f"{name!r} cannot be the name of a module.", hint=hint)
    files = dict(_files(name))
    if (taken := [str(path) for path in files if (folder / path).exists()]) and not force:
        there = ", ".join(taken[:3]) + (", …" if len(taken) > 3 else "")
        raise UsageError(f"There is already {there} in {folder}.", hint="Choose another folder, or say --force.")
    for path, content in files.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise UsageError(f"Cannot write {target}: {error.strerror}.") from None
    return list(files)


def _files(name: str) -> Iterator[tuple[Path, bytes]]:
    template = _HERE / "template"
    for source in sorted(template.rglob("*")):
        if source.is_file():
            first, *rest = source.relative_to(template).parts
            first = first.removesuffix(".in")
            path = Path(_MOVED.get(first, first), *rest)
            text = source.read_text(encoding="utf-8").replace("@NAME@", name)
            yield path.with_name(path.name.removesuffix(".in").replace("NAME", name)), text.encode()
    for header in sorted(headers().glob("*.h")):
        yield Path("include/iismod") / header.name, header.read_bytes()


def headers() -> Path:
    """Return the folder of our own header for module code: in an installed package, or in a clone."""
    inside = _HERE.parent / "include" / "iismod"
    return inside if inside.is_dir() else _HERE.parents[1] / "native" / "include" / "iismod"
