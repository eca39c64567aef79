"""A comparison for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from pyiismod.report.probing import change_lines, section
from pyiismod.report.values import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pyiismod.probing.ask import Change
    from pyiismod.probing.comparison import Comparison

__all__ = ["comparison_report"]

_MOST = 40
_NAMED = 6


def comparison_report(found: Comparison) -> Iterator[RenderableType]:
    """Yield what to show, view by view."""
    verdict = Text("they differ", "bold yellow") if found.differs else Text("no difference", "bold green")
    confined = "not confined" if found.sandbox == "none" else f"confined by {found.sandbox}"
    yield (
        Text(f"{visible(found.old)} → {visible(found.new)}  ", "bold").append(verdict).append(f"  ({confined})", "dim")
    )
    yield from section("files", ((visible(c.what), line) for c, line in _lines(found.static)), otherwise="the same")
    yield from section(
        "registration", ((visible(c.what), line) for c, line in _lines(found.registration)), otherwise="the same"
    )
    left_out = f", {found.compared} of them compared" if found.compared < found.requests else ""
    yield Text(f"\nbehaviour at {found.requests} requests{left_out}", "bold")
    alike: dict[tuple[Change, ...], list[str]] = {}
    for each in found.behaviour:
        alike.setdefault(each.changes, []).append(visible(each.request))
    for changes, names in list(alike.items())[:_MOST]:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield Text(f"  {'; '.join(names[:_NAMED])}{more}", "cyan")
        for line in change_lines(changes):
            yield Padding(line, (0, 0, 0, 4))
    if len(alike) > _MOST:
        yield Text(f"  … {len(alike) - _MOST} more, see --json", "dim")
    if not alike:
        yield Text("  the same" if found.compared else "  not compared: a build did not load", "dim")
    if found.timing:
        yield Text(f"\nin the module, median: {found.timing.old} ms → {found.timing.new} ms", "dim")
    if found.unsteady:
        yield Text(f"{len(found.unsteady)} answers differ by themselves; that was left out", "dim")


def _lines(changes: tuple[Change, ...]) -> Iterator[tuple[Change, Text]]:
    for change in changes:
        yield change, Text(visible(change.before), "red").append(" → ").append(visible(change.after), "green")
