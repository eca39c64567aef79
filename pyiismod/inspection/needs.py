"""What a module needs from the machine it is loaded on: :func:`what_it_needs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from pyiismod.inspection.findings import Finding
from pyiismod.inspection.image import Image
from pyiismod.inspection.knowndlls import identify, is_windows
from pyiismod.inspection.windowsexports import is_windows_export, windows_exports

_ON_A_SERVER: Final = frozenset(("windows", "ucrt", "api_set"))
_LINKERS: Final[Mapping[tuple[int, int], str]] = {
    (8, 0): "Visual C++ 2005", (9, 0): "Visual C++ 2008", (10, 0): "Visual C++ 2010", (11, 0): "Visual C++ 2012",
    (12, 0): "Visual C++ 2013", (14, 0): "Visual C++ 2015 or lld",
}  # fmt: skip
_RECENT: Final = ((10, 20, "Visual C++ 2017"), (20, 30, "Visual C++ 2019"), (30, 50, "Visual C++ 2022"))


class Need(msgspec.Struct, frozen=True):
    """One DLL. ``kind`` and ``text`` say what it is (``"own"``: nothing known); ``stock`` whether a server has it."""

    dll: str
    kind: str
    text: str
    stock: bool
    delayed: bool
    functions: tuple[str | int, ...]


class Crt(msgspec.Struct, frozen=True):
    """The C run-time: ``kind`` is ``"dynamic"``, ``"msvcrt"``, ``"static or none"`` or ``"mixed"``."""

    kind: str
    text: str
    year: str | None
    debug: bool


class Needs(msgspec.Struct, frozen=True):
    """DLLs that are needed, the C run-time, and what linked the file."""

    dlls: tuple[Need, ...]
    crt: Crt
    linker: str


def what_it_needs(image: Image) -> Needs:
    """Return what the imports of ``image`` say."""
    dlls = [_need(dll, symbols, False) for dll, symbols in image.imports.items()]
    dlls += [_need(dll, symbols, True) for dll, symbols in image.delay_imports.items()]
    return Needs(tuple(dlls), _crt(dlls), _linker(image))


def _need(dll: str, symbols: tuple[str | int, ...], delayed: bool) -> Need:
    known = identify(dll)
    kind = known.kind if known else "own"
    text = known.text if known else "a DLL that is not Windows'"
    return Need(dll, kind, text, kind in _ON_A_SERVER or is_windows(dll), delayed, symbols)


def _crt(needs: list[Need]) -> Crt:
    dynamic = [need for need in needs if need.kind in ("vcredist", "debug_crt")]
    universal = any(need.kind == "ucrt" for need in needs)
    debug = any(need.kind == "debug_crt" for need in needs)
    classic = any(need.dll.lower() == "msvcrt.dll" for need in needs)
    years = [year for need in dynamic if (year := next((w for w in need.text.split() if w[:2] in ("20",)), None))]
    if dynamic:
        kind = "mixed" if len(set(years)) > 1 else "dynamic"
        return Crt(kind, " and ".join(dict.fromkeys(need.dll for need in dynamic)), years[0] if years else None, debug)
    if universal:
        return Crt("dynamic", "the Universal C Runtime of Windows, without vcruntime", None, debug)
    if classic:
        return Crt("msvcrt", "msvcrt.dll, as mingw-w64 and the Windows driver kit use it", None, False)
    return Crt("static or none", "linked into the file, if there is any", None, False)


def _linker(image: Image) -> str:
    major, minor = image.headers.linker_version
    if major == 14 and minor:
        name = next((name for low, high, name in _RECENT if low <= minor < high), "Visual C++ or lld")
    elif major in (2, 3):
        name = "GNU ld (mingw-w64)"
    else:
        name = _LINKERS.get((major, minor), "")
    return f"{name} ({major}.{minor})" if name else f"linker {major}.{minor}"


def findings(needs: Needs) -> Iterator[Finding]:
    """Yield what a server would miss."""
    known = windows_exports()
    for need in needs.dlls:
        if need.kind == "debug_crt":
            yield Finding.of("need-debug-crt", f"{need.dll} is {need.text}, which no server has.", need.dll)
        elif not need.stock:
            hint = identify(need.dll)
            more = f" {hint.hint}" if hint else ""
            level = "note" if need.delayed or need.kind == "vcredist" else ""
            delayed = " when it is first used" if need.delayed else ""
            text = f"{need.dll} is needed{delayed}: {need.text}.{more}"
            yield Finding.of("need-missing", text, need.dll, level=level)
        elif need.dll.lower() in known:
            unknown = [
                name for name in need.functions if isinstance(name, str) and not is_windows_export(need.dll, name)
            ]
            if unknown:
                text = f"{need.dll} of no known Windows exports {', '.join(unknown[:10])}."
                yield Finding.of("need-unknown-function", text, *unknown)
