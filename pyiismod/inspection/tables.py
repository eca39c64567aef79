"""The variable part of a PE file: exports, imports, resources, debug and CLR data, out of bytes that may be hostile.

:func:`read_tables` never raises for bad bytes: a table that makes no sense becomes a sentence in ``Tables.problems``
and stays empty. Every count, string and total is limited, so time and memory stay small whatever a file claims. This
module is the only door to :mod:`pefile`, which walks the import tables; it is imported late because that takes 20 ms.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from pyiismod.inspection.image import ClrHeader, Export, Headers
from pyiismod.inspection.versioninfo import version_strings
from pyiismod.inspection.view import OutOfFile, View

EXPORT, IMPORT, DEBUG, LOAD_CONFIG, DELAY_IMPORT, CLR = 0, 1, 6, 10, 13, 14

MAX_EXPORTS: Final = 0x10000
MAX_NAME: Final = 4096
MAX_NAMES_TOTAL: Final = 8 << 20
_MAX_DEBUG_ENTRIES: Final = 32
_CODEVIEW: Final = 2
_CHPE_POINTER: Final = 0xC8
_EXPORT_DIRECTORY: Final = struct.Struct("<IIHHIIIIIII")
_EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})

T = TypeVar("T")
Imports = Mapping[str, tuple[str | int, ...]]
Thunks = Mapping[int, tuple[str, str | int]]


class Tables(msgspec.Struct, frozen=True):
    """What :func:`read_tables` found; the fields are those of :class:`~pyiismod.inspection.image.Image`."""

    export_name: str | None
    exports: tuple[Export, ...]
    imports: Imports
    delay_imports: Imports
    clr: ClrHeader | None
    is_hybrid: bool
    version_info: Mapping[str, str]
    pdb_path: str | None
    problems: tuple[str, ...]
    thunks: Thunks


def read_tables(data: bytes, headers: Headers) -> Tables:
    """Read all tables of the PE file ``data``."""
    view = View(data, headers)
    problems: list[str] = []

    def guarded(what: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except (OutOfFile, struct.error) as error:
            problems.append(f"{what} cannot be read: {error}")
            return otherwise

    nothing: tuple[str | None, tuple[Export, ...]] = (None, ())
    export_name, exports = guarded("the export table", lambda: _exports(view), nothing)
    imports, delay_imports, thunks = _imports(data, headers, problems)
    return Tables(
        export_name=export_name,
        exports=exports,
        imports=imports,
        delay_imports=delay_imports,
        clr=guarded("the CLR header", lambda: _clr(view), None),
        is_hybrid=guarded("the load configuration", lambda: _is_hybrid(view), False),
        version_info=guarded("the version resource", lambda: version_strings(view), _EMPTY),
        pdb_path=guarded("the debug directory", lambda: _pdb_path(view), None),
        problems=tuple(problems),
        thunks=thunks,
    )


def _exports(view: View) -> tuple[str | None, tuple[Export, ...]]:
    start, size = view.headers.directory(EXPORT)
    if not start:
        return None, ()
    *_, name_rva, base, function_count, name_count, functions_rva, names_rva, indexes_rva = _EXPORT_DIRECTORY.unpack(
        view.read(start, _EXPORT_DIRECTORY.size)
    )
    if max(function_count, name_count) > MAX_EXPORTS:
        raise OutOfFile(f"it claims {max(function_count, name_count):,} entries")
    functions = view.array(functions_rva, function_count, "I")
    names = view.array(names_rva, name_count, "I")
    indexes = view.array(indexes_rva, name_count, "H")

    def export(name: str | None, index: int) -> Export:
        rva = functions[index]
        forwarder = view.string(rva, MAX_NAME) if start <= rva < start + size else None
        return Export(name, base + index, rva, forwarder)

    found: list[Export] = []
    total = 0
    for name_at, index in zip(names, indexes, strict=True):
        if index >= function_count:
            raise OutOfFile(f"a name has the index {index}, but there are {function_count} functions")
        entry = export(view.string(name_at, MAX_NAME), index)
        found.append(entry)
        total += len(entry.name or "") + len(entry.forwarder or "")
        if total > MAX_NAMES_TOTAL:
            raise OutOfFile(f"its names take more than {MAX_NAMES_TOTAL:,} bytes")
    named = frozenset(indexes)
    found += (export(None, index) for index, rva in enumerate(functions) if rva and index not in named)
    return (view.string(name_rva, MAX_NAME) if name_rva else None), tuple(found)


def _imports(data: bytes, headers: Headers, problems: list[str]) -> tuple[Imports, Imports, Thunks]:
    if not headers.directory(IMPORT)[0] and not headers.directory(DELAY_IMPORT)[0]:
        return _EMPTY, _EMPTY, _EMPTY
    import pefile

    try:
        pe = pefile.PE(data=data, fast_load=True)
        pe.parse_data_directories([IMPORT, DELAY_IMPORT])
    except Exception as error:  # whatever pefile makes of bytes that break its assumptions
        problems.append(f"the import tables cannot be read: {error}")
        return _EMPTY, _EMPTY, _EMPTY
    for index, what in ((IMPORT, "import table"), (DELAY_IMPORT, "delay-load table")):
        rva, _ = headers.directory(index)
        try:
            View(data, headers).read(rva or headers.sections[0].rva, 4)
        except OutOfFile as error:
            problems.append(f"the {what} cannot be read: {error}")
    thunks: dict[int, tuple[str, str | int]] = {}
    return (
        _by_dll(getattr(pe, "DIRECTORY_ENTRY_IMPORT", ()), headers, thunks, problems),
        _by_dll(getattr(pe, "DIRECTORY_ENTRY_DELAY_IMPORT", ()), headers, thunks, problems),
        MappingProxyType(thunks),
    )


def _by_dll(
    descriptors: Any, headers: Headers, thunks: dict[int, tuple[str, str | int]], problems: list[str]
) -> Imports:
    spelling: dict[str, str] = {}
    wanted: dict[str, dict[str | int, None]] = {}
    for descriptor in descriptors:
        dll = descriptor.dll.decode("ascii", "backslashreplace")
        if dll == "*invalid*":
            problems.append("an import has no valid DLL name")
            continue
        dll = spelling.setdefault(dll.lower(), dll)
        symbols = wanted.setdefault(dll, {})
        for symbol in descriptor.imports:
            by_name = not symbol.import_by_ordinal and symbol.name
            wants = symbol.name.decode("ascii", "backslashreplace") if by_name else symbol.ordinal
            symbols[wants] = None
            if symbol.address is not None and wants is not None:
                thunks[symbol.address - headers.image_base] = dll, wants
    return MappingProxyType({dll: tuple(symbols) for dll, symbols in wanted.items()})


def _clr(view: View) -> ClrHeader | None:
    rva, _ = view.headers.directory(CLR)
    if not rva:
        return None
    header = view.read(rva, 72)
    metadata_rva, flags, native_rva = (struct.unpack_from("<I", header, offset)[0] for offset in (8, 16, 64))
    runtime = view.string(metadata_rva + 16, 255) if view.read(metadata_rva, 4) == b"BSJB" else ""
    return ClrHeader(flags=flags, runtime=runtime, is_precompiled=native_rva != 0)


def _is_hybrid(view: View) -> bool:
    rva, _ = view.headers.directory(LOAD_CONFIG)
    if not rva or not view.headers.is_64:
        return False
    size: int = struct.unpack("<I", view.read(rva, 4))[0]
    return size >= _CHPE_POINTER + 8 and any(view.read(rva + _CHPE_POINTER, 8))


def _pdb_path(view: View) -> str | None:
    rva, size = view.headers.directory(DEBUG)
    for index in range(min(size // 28, _MAX_DEBUG_ENTRIES)):
        _, _, _, _, kind, data_size, data_rva, _ = struct.unpack("<IIHHIIII", view.read(rva + 28 * index, 28))
        if kind == _CODEVIEW and data_size > 24 and view.read(data_rva, 4) == b"RSDS":
            return view.string(data_rva + 24, MAX_NAME, "utf-8")
    return None
