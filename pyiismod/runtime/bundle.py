"""Writes the files that :mod:`pyiismod.runtime.finder` and python.exe import from; runs on the user's side.

Both sides have the same Python minor version, hence the same byte code. So the user's own interpreter compiles, and its
``__pycache__`` is used where it is fresh. The bundle with pyiismod itself is named after what it was made from (path,
time and size of every source file): a change of any of them makes a new one, and an old one is never wrong.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from pyiismod.errors import RuntimeBroken

__all__ = ["Module", "application_bundle", "find_modules", "write_bundle", "write_frozen"]

START_MODULES = ("encodings", "encodings.aliases", "encodings.utf_8", "encodings.cp1252", "encodings.latin_1")
"""What CPython imports, before any of our code runs, and does not freeze itself."""


_KEPT = 8


class Module(NamedTuple):
    """A source file (or, with ``extension``, a .pyd file) and the name it is imported by."""

    name: str
    source: Path
    package: bool = False
    extension: bool = False


class _Compiler(SourceFileLoader):
    """Compiles or takes what ``__pycache__`` has, but leaves nothing in directories that are not ours."""

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def find_modules(root: Path, *, prefix: str = "", skip: frozenset[str] = frozenset()) -> Iterator[Module]:
    """Yield every module below ``root``; ``skip`` names directories (``"test"``) that hold nothing of use."""
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        stem, dot, suffix = entry.name.partition(".")
        if entry.is_dir() and dot == "" and entry.name.isidentifier() and entry.name not in skip:
            yield from find_modules(Path(entry.path), prefix=f"{prefix}{entry.name}.", skip=skip)
        elif suffix == "py" and stem == "__init__" and prefix:
            yield Module(prefix[:-1], Path(entry.path), package=True)
        elif suffix == "py" and stem.isidentifier():
            yield Module(prefix + stem, Path(entry.path))
        elif suffix.endswith("pyd") and stem.isidentifier():
            yield Module(prefix + stem, Path(entry.path), extension=True)


def _code(module: Module) -> CodeType | None:
    try:
        return _Compiler(module.name, str(module.source)).get_code(module.name)
    except (SyntaxError, ValueError):  # the standard library holds a few files that are no Python 3
        return None


def _replace(target: Path, parts: Iterable[bytes]) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_bundle(target: Path, modules: Iterable[Module], origins: dict[Path, str]) -> int:
    """Write a bundle, whole or not at all, and return the number of modules in it.

    Args:
        target: the file.
        modules: what to put in it.
        origins: directory → how python.exe will call that directory (a Windows path, absolute or relative to the
            directory of ``target``).
    """
    index: dict[str, tuple[str, str, int, int]] = {}
    blobs: list[bytes] = []
    offset = 0

    def windows(path: Path) -> str:
        for directory, name in origins.items():
            if path.is_relative_to(directory):
                rest = "\\".join(path.relative_to(directory).parts)
                return "\\".join(part for part in (name, rest) if part)
        raise ValueError(f"{path} is in none of the directories of this bundle")

    for module in modules:
        origin, package = windows(module.source), windows(module.source.parent) if module.package else ""
        if module.extension:
            index[module.name] = (origin, package, 0, 0)
            continue
        code = _code(module)
        if code is not None:
            blobs.append(marshal.dumps(code))
            index[module.name] = (origin, package, offset, len(blobs[-1]))
            offset += len(blobs[-1])
    head = marshal.dumps(index)
    _replace(target, [len(head).to_bytes(8, "little"), head, *blobs])
    return len(index)


def write_frozen(target: Path, modules: Iterable[Module]) -> None:
    """Write ``start.frozen`` in the layout that ``native/launcher/python.c`` describes.

    Raises:
        ValueError: a module does not compile.
    """
    entries = []
    for module in modules:
        code = _code(module)
        if code is None:
            raise ValueError(f"{module.source} does not compile")
        entries.append((module.name.encode() + b"\0", marshal.dumps(code), module.package))
    offset = 12 + 16 * len(entries)
    table, blob = b"", b""
    for name, data, package in entries:
        start = offset + len(blob)
        table += struct.pack("<4I", start, start + len(name), len(data), package)
        blob += name + data
    _replace(target, [b"PYIIFRZ1", len(entries).to_bytes(4, "little"), table, blob])


def application_bundle(directory: Path, package: Path, windows: str) -> Path:
    """Return the bundle with all of pyiismod, made now if there is none for the sources as they are.

    Args:
        directory: where the bundles are kept.
        package: the directory of the package on this side.
        windows: the same directory as the worker calls it.

    Raises:
        RuntimeBroken: it cannot be written.
    """
    modules = list(find_modules(package, prefix=f"{package.name}."))
    state = hashlib.sha256(f"{sys.implementation.cache_tag}|{package}".encode())
    kept = f"pyiismod-{state.hexdigest()[:16]}-"
    for module in modules:
        stat = module.source.stat()
        state.update(f"|{module.name}|{stat.st_mtime_ns}|{stat.st_size}".encode())
    target = directory / f"{kept}{state.hexdigest()[:16]}.bundle"
    if not target.exists():
        try:
            directory.mkdir(parents=True, exist_ok=True)
            write_bundle(target, modules, {package: windows})
        except OSError as error:
            raise RuntimeBroken(
                f"The modules for the worker cannot be written into {directory}: {error}.",
                hint="Free some space, or set PYIISMOD_HOME to a directory that you may write to.",
            ) from error
        made = sorted(directory.glob(f"{kept}*.bundle"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in made[_KEPT:]:  # others may still be starting with the newer ones
            old.unlink(missing_ok=True)
    return target
