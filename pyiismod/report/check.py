"""The report of a check for people: what failed first, with its fix, in the middle; around it everything else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pyiismod.checking.report import FAILED, PASSED, SKIPPED
from pyiismod.report.failure import failure
from pyiismod.report.values import duration, visible
from pyiismod.rules import ERROR, NOTE, WARNING

if TYPE_CHECKING:
    from pyiismod.checking.report import Finding, Phase, Report, Slope

__all__ = ["check_report"]

_STYLES = {ERROR: "bold red", WARNING: "yellow", NOTE: "cyan"}
_WIDEST = 110  # columns of a frame, where the screen has no width of its own
_MARKS = {PASSED: ("ok", "green"), FAILED: ("FAILED", "bold red"), SKIPPED: ("skipped", "dim")}


def check_report(report: Report, *, everything: bool = False) -> RenderableType:
    """Return the whole report.

    Args:
        report: of the check.
        everything: also the phases that passed, one by one, and full stacks.
    """
    return Group(*_parts(report, everything))


def _parts(report: Report, everything: bool) -> Iterator[RenderableType]:
    yield _head(report)
    yield _below(_phases(report.phases, everything))
    if report.slopes:
        yield _below(_slopes(report.slopes))
    first = next(iter(report.failed), None)
    shown = _shown_first(report, first)
    if first is not None or shown is not None:
        yield _below(_first(first, shown, everything))
    for finding in report.findings:
        if finding is not shown:
            yield _below(_finding(finding, everything))
    for note in report.notes:
        yield _below(Text("note: ", "cyan").append(visible(note), "default"))
    if report.refused:
        names = ", ".join(report.refused)
        yield _below(Text(f"note: called and not served by this host: {visible(names)}", "cyan"))
    yield _below(_verdict(report))


def _below(content: RenderableType) -> Padding:
    return Padding(content, (1, 0, 0, 0), expand=False)


def _head(report: Report) -> RenderableType:
    text = Text(visible(report.path.name), "bold cyan").append(f"  {visible(str(report.path))}", "dim")
    if report.image is not None:
        text.append(f"\n{report.image.architecture}, sha256 {report.image.sha256[:16]}…", "dim")
    return text


def _phases(phases: list[Phase], everything: bool) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    for group, members in groupby(phases, key=lambda phase: phase.group):
        of_group = list(members)
        plain = [phase for phase in of_group if phase.status == PASSED]
        if plain and not everything:
            names = ", ".join(phase.name for phase in plain)
            seconds = sum(phase.seconds for phase in plain)
            few = names if len(names) < 70 else f"{len(plain)} phases"
            grid.add_row(Text(group, "bold"), Text("ok", "green"), Text(visible(few)), duration(seconds * 1e6))
        skipped: dict[str, list[str]] = {}
        for phase in of_group:
            if everything or phase.status == FAILED:
                mark, style = _MARKS[phase.status]
                what = Text(visible(phase.name)).append(f"  {visible(_short(phase.text))}", "dim")
                grid.add_row(Text(group, "bold"), Text(mark, style), what, duration(phase.seconds * 1e6))
            elif phase.status == SKIPPED:
                skipped.setdefault(phase.text, []).append(phase.name)
        for why, names_of in skipped.items():
            few = ", ".join(names_of) if len(names_of) < 5 else f"{len(names_of)} phases"
            grid.add_row(Text(group, "bold"), Text("skipped", "dim"), Text(visible(f"{few}: {why}"), "dim"), "")
    return grid


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:160]}…"


def _shown_first(report: Report, first: Phase | None) -> Finding | None:
    """Return the finding to show in the middle: that of the phase that failed first, else the worst."""
    if first is None:
        return next(iter(report.of(ERROR)), None)
    said = first.error.message if first.error is not None else first.text
    by_text = (finding for finding in report.findings if finding.text == said)
    by_phase = (finding for finding in report.findings if finding.where.phase == first.name)
    return next(by_text, next(by_phase, None))


def _first(phase: Phase | None, finding: Finding | None, everything: bool) -> RenderableType:
    parts: list[RenderableType] = []
    if finding is not None:
        parts.append(Text(finding.rule.title, "bold"))
    if phase is not None and phase.error is not None:
        parts.append(failure(phase.error, everything=everything))
    elif phase is not None:
        parts.append(Text(visible(phase.text)))
    elif finding is not None:
        parts.append(Text(visible(finding.text)))
    if finding is not None:
        parts.append(_reasons(finding))
    name = f"{phase.name} failed" if phase is not None else "broken"
    rule = f" · {finding.rule.id} {finding.rule.name}" if finding is not None else ""
    title = Text(f"{visible(name)}{rule}", "bold red")
    panel = Panel(Group(*parts), title=title, title_align="left", border_style="red", padding=(1, 2))
    return Constrain(panel, _WIDEST)


def _reasons(finding: Finding) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, text, style in (
        ("where", str(finding.where), "default"),
        ("why", finding.rule.why, "default"),
        ("Fix", finding.rule.fix, "green"),
        ("fact", f"sheet {finding.rule.fact}", "dim"),
    ):
        grid.add_row(label, Text(visible(text), style))
    return Padding(grid, (1, 0, 0, 0), expand=False)


def _stack(finding: Finding) -> RenderableType:
    lines = "\n".join(visible(place) for place in finding.where.stack)
    return Padding(Text(lines, "dim"), (0, 0, 0, 4), expand=False)


def _finding(finding: Finding, everything: bool) -> RenderableType:
    rule = finding.rule
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    head = Text(f"{rule.severity} {rule.id}", _STYLES[rule.severity]).append(f" {rule.name}: ", "bold")
    head.append(visible(_short(finding.text) if not everything else finding.text) + times, "default")
    stack = [_stack(finding)] if everything and finding.where.stack else []
    return Group(head, *stack, Padding(_reasons(finding), (0, 0, 0, 2), expand=False))


def _slopes(slopes: list[Slope]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text("per request", "bold"), Text("growth", "bold"), Text("± (99 %)", "bold"), "")
    for slope in slopes:
        mark = Text("grows", "bold red") if slope.grows else Text("steady", "green")
        grid.add_row(slope.what, f"{slope.per_request:+.3f}", f"{slope.error:.3f}", mark)
    return grid


def _verdict(report: Report) -> Text:
    counts = [_count(len(report.of(kind)), kind) for kind in (ERROR, WARNING, NOTE) if report.of(kind)]
    failed = [f"{len(report.failed)} failed"] if report.failed else []
    passed = sum(phase.status == PASSED for phase in report.phases)
    words = ", ".join(
        [f"{_count(passed, 'phase')} passed", *failed, *counts, f"level {report.level}", f"{report.seconds:.1f} s"]
    )
    if report.is_fine:
        return Text("fine: ", "bold green").append(words, "default")
    return Text("found wanting: ", "bold red").append(words, "default")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
