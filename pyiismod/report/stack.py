"""A native stack as numbered lines, recursion folded; imports no rich."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from pyiismod.report.values import visible

__all__ = ["Row", "stack_in_short", "stack_rows"]

_LONGEST = 12  # rows
_ABOVE = 3  # rows above the module's own


class Row(NamedTuple):
    """One line: the frame's number as ``"#3"`` or nothing, its text, and whether it is the module's own."""

    number: str
    text: str
    own: bool = False


def stack_rows(frames: list[dict[str, Any]], module: str | None) -> list[Row]:
    """Return a line for each frame (of ``details["stack"]``), innermost first; ``module`` is the one at fault."""
    return _rows(enumerate(frames), module)


def stack_in_short(frames: list[dict[str, Any]], module: str | None) -> list[Row]:
    """Return the top of the stack and the frames of ``module``: all else is of the host and the system."""
    numbered = list(enumerate(frames))
    mine = [number for number, frame in numbered if module and frame.get("module") == module]
    if not mine:
        return _cut(_rows(numbered, module), _LONGEST)
    first, end = mine[0], mine[-1] + 1
    rows = _cut(_rows(numbered[:first], module), _ABOVE) + _cut(_rows(numbered[first:end], module), _LONGEST)
    return [*rows, Row("", f"… {len(frames) - end} more below")] if end < len(frames) else rows


def _rows(numbered: Iterable[tuple[int, dict[str, Any]]], module: str | None) -> list[Row]:
    rows = []
    for place, group in groupby(numbered, key=lambda pair: _place(pair[1])):
        numbers, alike = zip(*group, strict=True)
        gaps = [frame.get("omitted", 0) for frame in alike]
        times = len(numbers) + sum(gaps[:-1])
        own = module is not None and alike[0].get("module") == module
        rows.append(Row(f"#{numbers[0]}", place if times == 1 else f"{place}  ({times:,} times)", own))
        if gaps[-1]:
            rows.append(Row("", f"… {gaps[-1]:,} left out"))
    return rows


def _place(frame: dict[str, Any]) -> str:
    module, address = frame.get("module"), str(frame.get("address") or "?")
    words = [f"{module}+0x{frame['rva']:x}" if module else address, frame.get("symbol") or ""]
    if frame.get("line"):
        words.append(f"{frame['file']}:{frame['line']}")
    return visible("  ".join(filter(None, words)))


def _cut(rows: list[Row], most: int) -> list[Row]:
    return rows if len(rows) <= most else [*rows[:most], Row("", f"… {len(rows) - most} more")]
