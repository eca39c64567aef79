"""``pyiismod runtime install | status | remove`` and ``pyiismod exec``: faces of :mod:`pyiismod.runtime`.

``app`` is mounted as ``runtime``; ``exec_python`` as ``exec`` with ``EXEC_SETTINGS``. Errors are left to the caller.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from pyiismod.errors import RuntimeProblem
from pyiismod.runtime import find, home
from pyiismod.runtime.launch import run_python

__all__ = ["EXEC_SETTINGS", "app", "exec_python"]

EXEC_SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}

app = typer.Typer(
    help="The Windows Python that modules run in: install it, look at it, remove it.", no_args_is_help=True
)


class _Size(DownloadColumn):
    """Bytes, of steps that have a size."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.fields["has_size"] else Text()


class _Bars:
    """Draws an installation: one line a step, a bar where the size is known."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._size: int | None = None

    def step(self, text: str, total: int | None = None) -> None:
        self.finish()
        self._size = total
        self._task = self._progress.add_task(text, total=total, has_size=total is not None)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def finish(self) -> None:
        if self._task is not None:
            size = self._size or 1
            self._progress.update(self._task, total=size, completed=size)
            self._progress.stop_task(self._task)


@app.command("install")
def install_command(
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR|ZIP", help="Take this Windows Python (directory, embeddable zip, nupkg)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Install anew even if everything fits.")] = False,
) -> None:
    """Install the Windows Python and the Wine prefix that workers run in; does nothing if they fit.

    \b
    pyiismod runtime install                           downloads 65 MB, takes 20 seconds
    pyiismod runtime install --from python-3.12.8.zip  takes a Windows Python that you have
    pyiismod runtime install --force                   repairs what is there

    \b
    Exit codes: 0 installed, or it was already; 3 what is missing is named, with the command that fixes it
    """
    from pyiismod.runtime.install import install

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        _Size(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars = _Bars(progress)
        done = install(source=source, force=force, progress=bars)
        bars.finish()
    runtime = find()
    console.print(f"{'Installed' if done else 'Already installed'}: {runtime.python}")


@app.command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what is installed and whether it works; ends with 3 if it does not.

    \b
    pyiismod runtime status               where it is, what it is made of
    pyiismod runtime status --json        the same for programs
    """
    from pyiismod.runtime.status import status

    report = status()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        Console().print(_table(report))
    if not report["works"]:
        raise typer.Exit(RuntimeProblem.exit_code)


def _table(report: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    facts = dict(report)
    error, sizes = facts.pop("error"), facts.pop("sizes_mb")
    table.add_row("works", "[green]yes" if facts.pop("works") else "[red]no")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(str(value)))
    for name, size in sizes.items():
        table.add_row(f"size of {name}", f"{size:.1f} MB")
    if error is not None:
        table.add_row("[red]error", escape(error["message"]))
        table.add_row("[red]fix", escape(error["hint"]))
    return table


@app.command("remove")
def remove_command(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete the runtime and everything else that pyiismod has stored for this user.

    \b
    pyiismod runtime remove               asks first
    pyiismod runtime remove --yes         does not
    """
    from pyiismod.runtime.install import remove

    if not yes:
        typer.confirm(f"Delete {home()}?", abort=True)
    typer.echo(f"Removed {home()}" if remove() else "Nothing is installed")


def exec_python(context: typer.Context) -> None:
    """Run the Windows Python that modules run in, with pyiismod, cffi and the pure packages of this environment.

    \b
    pyiismod exec -- -c "import sys; print(sys.version)"
    pyiismod exec -- -m pytest tests
    pyiismod exec -- script.py ARGUMENTS

    Its exit code is passed on; 3 when there is no runtime.
    """
    raise typer.Exit(run_python(find(), context.args))
