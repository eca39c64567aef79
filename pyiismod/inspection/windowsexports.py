"""Which functions Windows' own DLLs export, so that a gap of Wine is not taken for a fault of the module.

The list is a committed file, ``data/windows-exports.txt.xz``: for each of some sixty system DLLs a line with its name,
then one export name a line, indented by a space. It is made by ``python -m pyiismod.inspection.gen_windows_exports``
from the import libraries of mingw-w64 and is read when the first question is asked.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data" / "windows-exports.txt.xz"


def encode(exports: Mapping[str, Iterable[str]]) -> bytes:
    """Return the text of the data file for ``exports`` (DLL name in lower case → export names)."""
    lines = [line for dll in sorted(exports) for line in (dll, *(f" {name}" for name in sorted(set(exports[dll]))))]
    return ("\n".join(lines) + "\n").encode()


@cache
def windows_exports() -> Mapping[str, frozenset[str]]:
    """Return the whole list: DLL name in lower case → export names."""
    found: dict[str, set[str]] = {}
    names: set[str] = set()
    for line in lzma.decompress(DATA.read_bytes()).decode().splitlines():
        if line.startswith(" "):
            names.add(line[1:])
        else:
            names = found.setdefault(line, set())
    return {dll: frozenset(exports) for dll, exports in found.items()}


def is_windows_export(dll: str, name: str) -> bool:
    """Whether some Windows exports ``name`` from ``dll``, as far as the list goes.

    What ``kernelbase.dll`` exports is what other DLLs forward to it, so for it any DLL counts.
    """
    dll = dll.lower()
    if dll == "kernelbase.dll":
        return any(name in exports for exports in windows_exports().values())
    return name in windows_exports().get(dll, frozenset())
