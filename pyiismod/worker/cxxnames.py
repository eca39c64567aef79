"""Readable names of C++ types as exceptions carry them: Microsoft's are undecorated by the supervisor, GCC's here.

Understood are plain and nested names (``St13runtime_error``, ``N3app5ErrorE``); anything else, templates above all,
stays as it is. https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling
"""

from __future__ import annotations

import re

__all__ = ["readable"]

_BUILTIN = {"i": "int", "j": "unsigned int", "c": "char", "b": "bool", "l": "long", "m": "unsigned long", "d": "double"}
_POINTER = {"PKc": "const char*", "Pc": "char*", "PKw": "const wchar_t*"}


def readable(name: str) -> str:
    """Return ``"std::runtime_error"`` for ``"St13runtime_error"``."""
    if name in _BUILTIN or name in _POINTER:
        return _BUILTIN.get(name) or _POINTER[name]
    text = name[1:-1] if name.startswith("N") and name.endswith("E") else name
    parts = ["std"] if text.startswith("St") else []
    at = 2 if parts else 0
    while at < len(text):
        number = re.match(r"[1-9]\d*", text[at:])
        if not number:
            return name
        at += number.end()
        part = text[at : at + int(number.group())]
        at += len(part)
        parts.append("(anonymous)" if part.startswith("_GLOBAL__N_") else part)
    return "::".join(parts) or name
