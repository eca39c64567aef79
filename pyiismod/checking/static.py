"""The phases before anything is run: file, PE, architecture, export, and what the module needs (fact sheet 1.1).

Each judgement is one of :mod:`pyiismod.inspection`; here they are made in order, so that the first one that fails is
the phase that IIS would fail in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pyiismod.checking.report import Import
from pyiismod.inspection import Image, identify, preflight, read_image
from pyiismod.inspection.entrypoint import require_entry_point
from pyiismod.inspection.knowndlls import is_windows
from pyiismod.inspection.preflight import require_native_dll, require_processor

__all__ = ["STATIC", "imports_of", "is_gnu", "read", "words"]

_GNU_LINKER: Final = 2  # GNU ld writes its own version, 2.x; Microsoft's and LLVM's linkers write that of link.exe


def read(path: Path) -> Image:
    """Return what the file says.

    Raises:
        InvalidImage: there is no such file, or it is no PE file.
    """
    if not path.exists():
        preflight(path)  # which says what there is instead
    return read_image(path)


def _architecture(image: Image) -> str:
    require_processor(image, 8)
    return image.architecture


def _pe(image: Image) -> str:
    require_native_dll(image)
    version = image.version_info.get("FileVersion", "")
    return f"a native DLL{f', version {version}' if version else ''}, linked by {_linker(image)}"


def _export(image: Image) -> str:
    require_entry_point(image)
    export = image.export("RegisterModule")
    return f"forwarded to {export.forwarder}" if export and export.forwarder else "RegisterModule"


STATIC: Final[tuple[tuple[str, Callable[[Image], str]], ...]] = (
    ("PE", _pe),
    ("architecture", _architecture),
    ("export", _export),
)
"""Name of the phase, and what judges it and says what it saw, or raises a LoadError."""


def is_gnu(image: Image) -> bool:
    """Return whether the GNU toolchain linked it: its C++ ABI is Itanium's, with another order of overloads."""
    return image.headers.linker_version[0] == _GNU_LINKER


def _linker(image: Image) -> str:
    major, minor = image.headers.linker_version
    return f"GNU ld {major}.{minor}" if is_gnu(image) else f"version {major}.{minor} of link.exe or lld-link"


def imports_of(image: Image) -> list[Import]:
    """Return what the module needs, in the order of its import tables."""
    return [
        _import(dll, len(wanted), delayed)
        for table, delayed in ((image.imports, False), (image.delay_imports, True))
        for dll, wanted in table.items()
    ]


def _import(dll: str, functions: int, delayed: bool) -> Import:
    known = identify(dll)
    if known is not None:
        kind, text = known.kind, known.text
    elif is_windows(dll):
        kind, text = "windows", "part of Windows"
    else:
        kind, text = "unknown", "no DLL of Windows or of a known runtime"
    return Import(dll=dll, kind=kind, text=text, functions=functions, delayed=delayed)


def words(imports: list[Import]) -> str:
    """Return the imports in one line: how many of Windows, and all others by name."""
    of_windows = sum(each.kind in ("windows", "api_set") for each in imports)
    others = [f"{each.dll} ({each.text})" for each in imports if each.kind not in ("windows", "api_set")]
    return "; ".join([f"{of_windows} of Windows", *others])
