"""A file becomes an :class:`~pyiismod.inspection.image.Image` here: :func:`read_image`."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from pathlib import Path
from typing import Any, Final

from pyiismod.errors import InvalidImage
from pyiismod.inspection import iisevents, sniff
from pyiismod.inspection.faults import load_fault
from pyiismod.inspection.headers import Damaged, parse_headers
from pyiismod.inspection.image import Image
from pyiismod.inspection.tables import read_tables

MAX_SIZE: Final = 1 << 30
"""Larger files are not read; a module has a few megabytes."""

_OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # never wait for a pipe


def read_image(path: str | os.PathLike[str]) -> Image:
    """Read the PE file ``path``, on any operating system and whatever its processor; nothing in it is run.

    Raises:
        InvalidImage: the file cannot be read, is no PE file, or is one that no loader would take. ``details["kind"]``
            is a stable word for the reason (``"missing"``, ``"empty"``, ``"elf"``, ``"truncated"``, …).
    """
    return read_file(path)[0]


def read_file(path: str | os.PathLike[str]) -> tuple[Image, bytes]:
    """Return what :func:`read_image` does, and the bytes of the file.

    Raises:
        InvalidImage: as there.
    """
    path = Path(path)
    data = _read(path)
    try:
        headers = parse_headers(data)
    except Damaged as damage:
        text = f"{path} is not a loadable DLL: {damage.text}"
        raise _invalid(path, damage.kind, text, damage.hint, 193, **damage.details) from None
    tables = read_tables(data, headers)
    image = Image(
        path=path,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        headers=headers,
        export_name=tables.export_name,
        exports=tables.exports,
        imports=tables.imports,
        delay_imports=tables.delay_imports,
        clr=tables.clr,
        is_hybrid=tables.is_hybrid,
        version_info=tables.version_info,
        pdb_path=tables.pdb_path,
        problems=tables.problems,
        thunks=tables.thunks,
    )
    return image, data


def _invalid(path: Path, reason: str, text: str, hint: str, error: int, **details: Any) -> InvalidImage:
    return load_fault(InvalidImage, path, reason, text, iisevents.load_failed(path, error), hint, **details)


def _read(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, _OPEN_FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                text = f"{path} is not a file, but a device, pipe or socket."
                raise _invalid(path, "not_a_file", text, "Give the path of a .dll file.", 5)
            if status.st_size > MAX_SIZE:
                text = f"{path} has {status.st_size:,} bytes; more than {MAX_SIZE:,} are not read."
                raise _invalid(path, "too_large", text, "Is it really the module?", 193, size=status.st_size)
            head = file.read(sniff.HEAD_SIZE)
            if head.startswith(b"MZ"):
                return head + file.read(max(status.st_size - len(head), 0))
    except FileNotFoundError:
        raise _missing(path) from None
    except NotADirectoryError:
        text = f"{path} does not exist: a part of its path is a file, not a directory."
        raise _invalid(path, "missing", text, "Check the path.", 126) from None
    except IsADirectoryError:
        raise _directory(path) from None
    except PermissionError as error:
        if path.is_dir():
            raise _directory(path) from None
        text = f"{path} cannot be read: permission denied."
        hint = "Allow your user to read it; on a server, the application pool's identity needs Read & Execute."
        raise _invalid(path, "no_permission", text, hint, 5, os_error=str(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _invalid(path, "unreadable", f"{path!s} cannot be read: {reason}.", "Check the path.", 126) from None
    if not head:
        text = f"{path} is empty (0 bytes)."
        hint = "An interrupted build, copy or download leaves such a file: make it again."
        raise _invalid(path, "empty", text, hint, 1006)
    kind = sniff.identify(head)
    text = f"{path} is not a Windows DLL: it is {kind.text}."
    raise _invalid(path, kind.name, text, kind.hint, 193)


def _missing(path: Path) -> InvalidImage:
    try:
        siblings = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        text = f"{path} does not exist: there is no directory {path.parent}."
        return _invalid(path, "missing", text, "Check the path.", 126)
    lower = {name.lower(): name for name in siblings}
    close = [lower[name] for name in difflib.get_close_matches(path.name.lower(), lower, n=3, cutoff=0.7)]
    hint = f"Did you mean {' or '.join(str(path.parent / name) for name in close)}?" if close else "Check the path."
    return _invalid(path, "missing", f"{path} does not exist.", hint, 126, similar=close)


def _directory(path: Path) -> InvalidImage:
    try:
        dlls = sorted(entry.name for entry in os.scandir(path) if entry.name.lower().endswith(".dll"))[:5]
    except OSError:
        dlls = []
    hint = (
        f"Did you mean {' or '.join(str(path / name) for name in dlls)}?" if dlls else "Give the path of a .dll file."
    )
    return _invalid(path, "directory", f"{path} is a directory, not a DLL.", hint, 5, dlls=dlls)
