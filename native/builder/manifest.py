"""``fixtures/MANIFEST.toml``: where each committed DLL comes from.

``[toolchains.ABI]`` has the compiler's version and the flags of every build for that ABI; ``[fixtures."NAME.dll"]`` has
the source, the exports, the bytes' size and SHA-256, and what the fixture shows.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from builder.recipes import Recipe

NAME = "MANIFEST.toml"
HEAD = "# Written by native/build.py (`make fixtures`); `make fixtures-check` proves it.\n"


@dataclass(frozen=True)
class Entry:
    """One fixture: its file, what made it, and its bytes."""

    file: str
    source: str
    abi: str
    exports: tuple[str, ...]
    cpp_exceptions: bool
    size: int
    sha256: str
    shows: str

    @classmethod
    def of(cls, dll: Path, recipe: Recipe, abi: str) -> Entry:
        """Describe a DLL that was just built."""
        data = dll.read_bytes()
        return cls(
            file=dll.name,
            source=f"native/modules/{recipe.source.name}",
            abi=abi,
            exports=recipe.exports,
            cpp_exceptions=recipe.exceptions or abi in ("msvc", "nortti"),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            shows=recipe.shows,
        )

    def with_bytes_of(self, other: Entry) -> Entry:
        """Return this entry with the size and hash of ``other``."""
        return replace(self, size=other.size, sha256=other.sha256)


@dataclass(frozen=True)
class Manifest:
    """All fixtures by file name, and the tool chains by ABI."""

    toolchains: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """Return the manifest in ``directory``; an empty one if there is none."""
        file = directory / NAME
        if not file.is_file():
            return cls()
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        tables = document["fixtures"].items()
        entries = {name: Entry(name, **{**table, "exports": tuple(table["exports"])}) for name, table in tables}
        return cls(document["toolchains"], entries)

    def updated(self, other: Manifest) -> Manifest:
        """Return this manifest with what ``other`` has put in place of it."""
        return Manifest({**self.toolchains, **other.toolchains}, {**self.entries, **other.entries})

    def write(self, directory: Path) -> None:
        """Write it into ``directory``."""
        text = HEAD
        for abi, table in sorted(self.toolchains.items()):
            text += f"\n[toolchains.{abi}]\n{_rows(table)}"
        for name, entry in sorted(self.entries.items()):
            fields = asdict(entry)
            del fields["file"]
            text += f"\n[fixtures.{json.dumps(name)}]\n{_rows(fields)}"
        (directory / NAME).write_text(text, encoding="utf-8", newline="\n")


def _rows(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
