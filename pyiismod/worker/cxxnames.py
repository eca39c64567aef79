"""Readable names of C++ types as exceptions carry them.

Understood are plain and nested names of GCC (``St13runtime_error``, ``N3app5ErrorE``) and of Microsoft
(``.?AVruntime_error@std@@``) and the common built-in types; anything else, templates above all, stays as it is.
https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling
"""

from __future__ import annotations

import re

__all__ = ["readable"]

_SIMPLE = {
    "i": "int",
    "j": "unsigned int",
    "l": "long",
    "m": "unsigned long",
    "d": "double",
    "PKc": "const char*",
    "PKw": "const wchar_t*",
    ".H": "int",
    ".I": "unsigned int",
    ".J": "long",
    ".K": "unsigned long",
    ".N": "double",
    ".PEBD": "const char*",
    ".PEB_W": "const wchar_t*",
}
_MICROSOFT = re.compile(r"\.(\?A|PEA)(?:[TUV]|W4)((?:[A-Za-z_]\w*@)+)@")


def readable(name: str) -> str:
    """Return ``"std::runtime_error"`` for ``"St13runtime_error"`` or ``".?AVruntime_error@std@@"``."""
    if name in _SIMPLE:
        return _SIMPLE[name]
    if match := _MICROSOFT.fullmatch(name):
        return "::".join(match[2].split("@")[-2::-1]) + ("*" if match[1] == "PEA" else "")
    return _gcc(name)


def _gcc(name: str) -> str:
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
