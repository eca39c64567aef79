"""Set-Cookie lines as modules get them wrong: merged, or one in place of another's (fact sheet 6, mistake 15)."""

from __future__ import annotations

from collections.abc import Sequence
from re import compile as pattern

__all__ = ["fault"]

_SECOND = pattern(rb",\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=")  # the comma of a date is followed by a day, never by NAME=


def fault(value: bytes, replaced: Sequence[bytes]) -> str | None:
    """Return what is wrong with a line, in words; None when nothing is.

    Args:
        value: of the line that is set.
        replaced: the lines that go for it.
    """
    name = _name(value)
    if second := _SECOND.search(value):
        return f"one Set-Cookie line has two cookies, {name} and {second[1].decode('latin-1')}"
    lost = [other for other in map(_name, replaced) if other and other != name]
    return f"Set-Cookie of {name} replaces that of {', '.join(lost)}" if lost else None


def _name(line: bytes) -> str:
    return line.partition(b";")[0].partition(b"=")[0].strip().decode("latin-1")
