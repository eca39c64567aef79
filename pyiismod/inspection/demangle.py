"""Enough of C++ name demangling to tell an author which function lost its ``extern "C"``: :func:`demangle`.

Microsoft names of plain functions are decoded with their arguments; Itanium (mingw, g++) names as far as the qualified
name. Sources: https://learn.microsoft.com/cpp/build/reference/decorated-names and the Itanium C++ ABI, section 5.1.
"""

from __future__ import annotations

import re
from typing import Final

_CONVENTIONS: Final = {"A": "__cdecl", "E": "__thiscall", "G": "__stdcall", "I": "__fastcall", "Q": "__vectorcall"}
_ACCESS: Final = {
    "A": "private: ", "C": "private: static ", "E": "private: virtual ",
    "I": "protected: ", "K": "protected: static ", "M": "protected: virtual ",
    "Q": "public: ", "S": "public: static ", "U": "public: virtual ", "Y": "",
}  # fmt: skip
_STATIC: Final = "CKSY"
_TYPES: Final = {
    "C": "signed char", "D": "char", "E": "unsigned char", "F": "short", "G": "unsigned short", "H": "int",
    "I": "unsigned int", "J": "long", "K": "unsigned long", "M": "float", "N": "double", "X": "void",
    "_J": "__int64", "_K": "unsigned __int64", "_N": "bool", "_W": "wchar_t", "_S": "char16_t", "_U": "char32_t",
}  # fmt: skip
_CLASSES: Final = {"T": "union ", "U": "struct ", "V": "class ", "W4": "enum "}
_CV: Final = {"A": "", "B": " const", "C": " volatile", "D": " const volatile"}
_INDIRECTION: Final = {"P": "*", "Q": "* const", "A": "&", "$$Q": "&&"}


def demangle(symbol: str) -> str | None:
    """Return ``symbol`` as C++ source would write it, or ``None`` if it is no mangled C++ function name."""
    if symbol.startswith("?") and not symbol.startswith("??"):
        return _Microsoft(symbol).function()
    if symbol.startswith("_Z"):
        return _itanium(symbol)
    return None


class _Unknown(Exception):
    """The grammar goes beyond what is decoded here."""


class _Microsoft:
    """A cursor over one decorated name."""

    def __init__(self, symbol: str) -> None:
        self.rest = symbol[1:]
        self.names: list[str] = []
        self.arguments: list[str] = []

    def take(self, table: dict[str, str]) -> str:
        for length in (3, 2, 1):
            if (key := self.rest[:length]) in table and len(key) == length:
                self.rest = self.rest[length:]
                return table[key]
        raise _Unknown

    def qualified_name(self) -> str:
        parts: list[str] = []
        while not self.rest.startswith("@"):
            if self.rest[:1].isdigit():
                index, self.rest = int(self.rest[0]), self.rest[1:]
                if index >= len(self.names):
                    raise _Unknown
                parts.append(self.names[index])
                continue
            name, end, self.rest = self.rest.partition("@")
            if not end or not name.isidentifier():
                raise _Unknown
            self.names.append(name)
            parts.append(name)
        self.rest = self.rest[1:]
        if not parts:
            raise _Unknown
        return "::".join(reversed(parts))

    def type(self) -> str:
        for prefix, mark in _INDIRECTION.items():
            if self.rest.startswith(prefix):
                self.rest = self.rest[len(prefix) :].removeprefix("E")
                qualifier = self.take(_CV)
                target = self.type() + qualifier
                return f"{target}{mark}" if target.endswith(("*", "&")) else f"{target} {mark}"
        if self.rest[:1] in ("T", "U", "V", "W"):
            return self.take(_CLASSES) + self.qualified_name()
        return self.take(_TYPES)

    def parameters(self) -> str:
        if self.rest.startswith("X"):
            return "void"
        found: list[str] = []
        while self.rest and self.rest[0] not in "@Z":
            if self.rest[0].isdigit():
                index, self.rest = int(self.rest[0]), self.rest[1:]
                if index >= len(self.arguments):
                    raise _Unknown
                found.append(self.arguments[index])
                continue
            before = len(self.rest)
            found.append(self.type())
            if before - len(self.rest) > 1:
                self.arguments.append(found[-1])
        return ", ".join(found)

    def function(self) -> str | None:
        try:
            name = self.qualified_name()
        except _Unknown:
            return None
        try:
            access = self.rest[:1]
            prefix = self.take(_ACCESS)
            suffix = ""
            if access not in _STATIC:
                self.rest = self.rest.removeprefix("E")
                suffix = self.take(_CV)
            convention = self.take(_CONVENTIONS)
            return f"{prefix}{self.type()} {convention} {name}({self.parameters()}){suffix}"
        except _Unknown:
            return name


def _itanium(symbol: str) -> str | None:
    nested = symbol.startswith("_ZN")
    rest = re.sub(r"^_ZN?K?", "", symbol)
    parts: list[str] = []
    while match := re.match(r"[1-9]\d{0,3}", rest):
        start = match.end()
        end = start + int(match[0])
        if end > len(rest):
            return None
        parts.append(rest[start:end])
        rest = rest[end:]
        if not nested:
            break
    return "::".join(parts) + "(...)" if parts else None
