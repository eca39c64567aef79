"""What to build: one recipe for each source in ``native/modules``, completed by ``recipes.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from itertools import takewhile
from pathlib import Path
from typing import Any

MODULES = Path(__file__).resolve().parent.parent / "modules"

SUFFIXES = {
    "mingw": ".dll",
    "msvc": ".msvc.dll",
    "nortti": ".nortti.dll",
    "x86": ".x86.dll",
    "arm64": ".arm64.dll",
    "assembled": ".dll",
}


@dataclass(frozen=True)
class Recipe:
    """How one module is built.

    Attributes:
        name: stem of the source file and of the DLLs.
        abis: keys of ``SUFFIXES``.
        exports: lines of a module-definition file: ``NAME``, ``NAME=INTERNAL`` or ``NAME=dll.NAME`` (forwarded).
        imports: functions to import from DLLs whether those have them or not.
        folder: below ``native``, where its source is.
        exceptions: link the full C++ run-time of mingw; without it ``operator new`` is ours and small.
    """

    name: str
    abis: tuple[str, ...] = ("mingw", "msvc")
    exports: tuple[str, ...] = ("RegisterModule",)
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str = "modules"
    exceptions: bool = False

    @classmethod
    def of(cls, name: str, options: dict[str, Any]) -> Recipe:
        """Return the recipe of ``name`` with the options that ``recipes.toml`` gives it."""
        known = {field.name for field in fields(cls)} - {"name"}
        if unknown := options.keys() - known:
            raise ValueError(f"recipes.toml: {name} has unknown options: {', '.join(sorted(unknown))}")
        lists = {key: tuple(value) for key, value in options.items() if isinstance(value, list)}
        imports = {dll: tuple(functions) for dll, functions in options.get("imports", {}).items()}
        return cls(name, **{**options, **lists, "imports": imports})

    @property
    def source(self) -> Path:
        """The one source file."""
        return MODULES.parent / self.folder / (f"{self.name}.py" if self.abis == ("assembled",) else f"{self.name}.cpp")

    @property
    def shows(self) -> str:
        """What the module shows: the first paragraph of the source's top comment."""
        return top_comment(self.source)

    def file_name(self, abi: str) -> str:
        """Name of the DLL for ``abi``."""
        return self.name + SUFFIXES[abi]

    def definition(self, dll: str) -> str:
        """Return the text of the module-definition file of a DLL called ``dll``."""
        return "\n".join([f"LIBRARY {dll}", "EXPORTS", *self.exports, ""])


def top_comment(source: Path) -> str:
    """Return the first paragraph of the comment (C++) or docstring (Python) at the top of a source, on one line."""
    lines = (line.removeprefix("//").strip(' "') for line in source.read_text(encoding="utf-8").splitlines())
    return " ".join(takewhile(bool, lines))


def load() -> dict[str, Recipe]:
    """Return every recipe by name, in alphabetical order.

    Raises:
        ValueError: ``recipes.toml`` names a module that has no source.
    """
    special = tomllib.loads((MODULES / "recipes.toml").read_text(encoding="utf-8"))
    names = {source.stem for source in MODULES.glob("*.cpp")}
    names |= {name for name, options in special.items() if options.get("abis") == ["assembled"]}
    recipes = {}
    for name in sorted(names | special.keys()):
        recipe = Recipe.of(name, special.get(name, {}))
        if not recipe.source.is_file():
            raise ValueError(f"recipes.toml: {name} has no source {recipe.source.name}")
        recipes[name] = recipe
    return recipes


RECIPES = load()
