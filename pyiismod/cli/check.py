"""``pyiismod check``: why a module fails, or proof that it behaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyiismod.cli import screen
from pyiismod.cli.options import OUTPUT, Json
from pyiismod.errors import UsageError

if TYPE_CHECKING:
    from pyiismod.checking.engine import Progress
    from pyiismod.checking.report import Report

__all__ = ["check"]

_WHAT = "What is looked for"


def check(
    module: Annotated[Path, typer.Argument(metavar="MODULE.dll", help="The native module.", show_default=False)],
    level: Annotated[
        int | None,
        typer.Option(
            "--level",
            metavar="1..10",
            help="How thorough: 1 takes seconds, 10 minutes; 5 when left out.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", help="Of everything that is drawn.", rich_help_panel=_WHAT, show_default=False
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="RULE", help="Look for this rule alone, such as IM010. Repeatable.", rich_help_panel=_WHAT
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="RULE", help="Do not look for this rule. Repeatable.", rich_help_panel=_WHAT),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0.1,
            help="How long one step may take; 10 when left out.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = None,
    slow: Annotated[
        float | None,
        typer.Option(
            "--slow",
            metavar="MS",
            min=1,
            help="How long a handler may keep its thread; 500 when left out.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = None,
    requests: Annotated[
        int | None,
        typer.Option(
            "--requests",
            metavar="N",
            min=0,
            help="How many equal requests look for leaks.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a JUnit report for CI.", rich_help_panel=OUTPUT),
    ] = None,
    sarif: Annotated[
        Path | None,
        typer.Option("--sarif", metavar="FILE", help="Write a SARIF 2.1.0 report.", rich_help_panel=OUTPUT),
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations for GitHub Actions.", rich_help_panel=OUTPUT)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show every phase, and stacks in full.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Run a module through its whole life, say why it fails, or prove that it behaves.

    \b
    pyiismod check module.dll
    pyiismod check module.dll --level 10 --seed 7
    pyiismod check module.dll --skip IM018 --timeout 30
    pyiismod check module.dll --junit check.xml --sarif check.sarif --github
    pyiismod check module.dll --json | jq .findings

    Settings may stand in \\[tool.pyiismod] of pyproject.toml or \\[check] of pyiismod.toml: level, seed, only, skip,
    timeout, slow, requests. What is given here goes over them.

    \b
    Exit codes: 0 fine; warnings and notes are
                1 a phase failed, or an error was found
                2 wrong usage
                3 the runtime is missing or broken
    """
    from pyiismod.checking import engine, read_options

    out, err = screen.standard()
    options = read_options(
        Path.cwd(), level=level, seed=seed, only=only, skip=skip, timeout=timeout, slow=slow, requests=requests
    )
    for file in (junit, sarif):
        if file is not None and not file.resolve().parent.is_dir():
            raise UsageError(f"Cannot write {str(file)!r}: there is no such folder.")
    with _progress(err, shown=err.terminal and not as_json) as progress:
        report = engine.check(module, options, progress=progress)
    _write(report, junit, sarif)
    if as_json:
        out.text(json.dumps(report.as_dict(), indent=2))
    else:
        from pyiismod.report.check import check_report

        out.show(check_report(report, everything=verbose))
    if github:
        from pyiismod.report.github import github_lines

        for line in github_lines(report):
            (err if as_json else out).text(line)
    raise typer.Exit(report.exit_code)


def _write(report: Report, junit: Path | None, sarif: Path | None) -> None:
    writers: list[tuple[Path, Callable[[Report], str]]] = []
    if junit is not None:
        from pyiismod.report.junit import junit_text

        writers.append((junit, junit_text))
    if sarif is not None:
        from pyiismod.report.sarif import sarif_text

        writers.append((sarif, sarif_text))
    for file, text in writers:
        try:
            file.write_text(text(report), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"Cannot write {str(file)!r}: {error.strerror}.") from None


@contextmanager
def _progress(err: screen.Screen, *, shown: bool) -> Iterator[Progress | None]:
    """A bar on a terminal while it works; nothing elsewhere."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield tell
