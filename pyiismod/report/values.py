"""Single values as short text: durations, sizes, arguments, and text from modules, which nobody may trust.

A module can put anything into headers, debug output and file names. :func:`visible` takes from such text what would
control a terminal, and whatever cannot be encoded.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["arguments", "duration", "outcome", "size", "visible"]

LONGEST = 160
"""Characters of one argument, at most, that are shown."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (but tab and line feed), DEL, C1
    "\u2028\u2029\u202a-\u202e\u2066-\u2069"  # line separators, bidirectional overrides
    "\ud800-\udfff]"  # what a path or UTF-16 left over
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]+|[IC][A-Z][A-Za-z]+\d?|0x[0-9A-Fa-f]+")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\r": r"\r", "\n": r"\n", "\t": r"\t"})
_WORDS = {None: "NULL", True: "TRUE", False: "FALSE"}


def visible(text: str) -> str:
    """Return ``text`` with control characters, bidirectional overrides and lone surrogates as escapes."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def duration(us: float) -> str:
    """Return microseconds with a unit that suits them."""
    if us >= 999_500:
        return f"{us / 1_000_000:.1f} s"
    if us >= 999.5:
        return f"{us / 1000:.1f} ms"
    return f"{us:.0f} µs"


def size(count: int) -> str:
    """Return a number of bytes in words."""
    return "1 byte" if count == 1 else f"{count:,} bytes"


def arguments(args: dict[str, Any]) -> str:
    """Return the arguments of a host call as ``name=value``, comma-separated.

    Text is quoted where the parameter is a string (native names say so: ``pszHeaderName``); elsewhere it names what a
    pointer points to, or a header, a mask's bit, an enumerator. The length of a string is left out where it is that of
    the text before it.
    """
    shown, before = [], None
    for name, value in args.items():
        if not (name.startswith("cch") and isinstance(before, str) and value == len(before)):
            shown.append(f"{name}={_argument(name, value)}")
        before = value
    return ", ".join(shown)


def outcome(result: Any) -> str:
    """Return what a call returned; text that is no native name is quoted."""
    return _literal(result, quote=isinstance(result, str) and not _NAME.fullmatch(result))


def _argument(name: str, value: Any) -> str:
    if name == "dwServerVersion":
        return f"0x{value:08X}"
    return _literal(value, quote="sz" in name)


def _literal(value: Any, *, quote: bool) -> str:
    if isinstance(value, str):
        return _quoted(value) if quote else visible(value)
    if isinstance(value, list):
        return " | ".join(visible(str(part)) for part in value) or "0"
    if isinstance(value, dict):
        return f"{{{arguments(value)}}}"
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    return str(value)


def _quoted(text: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    more = f" ({len(text):,} characters)" if cut is not text else ""
    return f'"{visible(cut.translate(_ESCAPES))}"{more}'
