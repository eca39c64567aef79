"""An error for people: what happened, where, why, what the module did last, and what fixes it.

Everything comes from the error's ``message``, ``hint`` and ``details``; a part that is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pyiismod.errors import (
    LoadError,
    ModuleError,
    ModuleExited,
    ModuleHung,
    PyiismodError,
    RuntimeInstallError,
    RuntimeProblem,
    UsageError,
    WorkerError,
)
from pyiismod.report.stack import Row, stack_in_short, stack_rows
from pyiismod.report.values import visible

__all__ = ["failure", "failure_panel", "title"]

_CALLS = 5  # into the host, unless everything is asked for
_REPORT = "This is a defect of pyiismod, not of the module. Please report it with this text."
_HEADINGS = (
    (UsageError, "wrong usage"),
    (RuntimeInstallError, "the runtime could not be installed"),
    (RuntimeProblem, "there is no runtime to run modules with"),
)


def title(error: PyiismodError) -> str:
    """Return what happened and where, in a few words."""
    if not isinstance(error, ModuleError):
        return next((text for kind, text in _HEADINGS if isinstance(error, kind)), "pyiismod itself failed")
    module = visible(error.module or "the module")
    if isinstance(error, LoadError):
        return f"{module} did not load"
    what = "hung" if isinstance(error, ModuleHung) else "exited" if isinstance(error, ModuleExited) else "crashed"
    where = error.notification or error.phase
    return f"{module} {what} in {visible(where)}" if where else f"{module} {what}"


def failure(
    error: PyiismodError, *, lead: str = "", registers: bool = False, everything: bool = False
) -> RenderableType:
    """Return what is known about an error, without its title.

    Args:
        error: what was raised.
        lead: what stands before the message.
        registers: also the processor's registers.
        everything: also registers, all threads, and stacks and calls in full.
    """
    return Group(*_parts(error, lead, registers or everything, everything))


def failure_panel(error: PyiismodError, *, registers: bool = False, everything: bool = False) -> Panel:
    """Return the same in a frame with the title on it."""
    return Panel(
        failure(error, registers=registers, everything=everything),
        title=Text(title(error), "bold red"),
        title_align="left",
        border_style="red",
        padding=(0, 1),
    )


def _parts(error: PyiismodError, lead: str, registers: bool, everything: bool) -> Iterator[RenderableType]:
    details = error.details
    yield Text(lead, "bold red").append(visible(error.message), "default")
    if facts := _facts(details):
        yield _below("", _grid(facts))
    if stack := details.get("stack"):
        module = details.get("module")
        rows = stack_rows(stack, module) if everything else stack_in_short(stack, module)
        yield _below("native stack", _stack(rows))
    if calls := details.get("host_calls"):
        shown = calls if everything else calls[-_CALLS:]
        yield _below("last calls into the host", Text("\n".join(visible(str(call)) for call in shown)))
    if registers and (values := details.get("registers")):
        yield _below("registers", _registers(values))
    if everything:
        yield from _more(details)
    if debug := details.get("debug_output"):
        yield _below("OutputDebugString", _text("".join(f"{str(text).rstrip()}\n" for text in debug)))
    if output := details.get("output"):
        yield _below("standard output and error", _text(str(output)))
    if trace := details.get("traceback"):
        yield _below("traceback", _text("\n".join(trace)))
    if hint := error.hint or (_REPORT if isinstance(error, WorkerError) else ""):
        yield Padding(Text("Fix: ", "bold green").append(visible(hint), "default"), (1, 0, 0, 0), expand=False)


def _more(details: dict[str, Any]) -> Iterator[RenderableType]:
    if earlier := details.get("first_chance"):
        yield _below("exceptions that were raised, the last one last", _text("\n".join(map(str, earlier))))
    for thread in details.get("threads", ()):
        if thread["thread"] == details.get("thread"):
            continue
        where = f", in {thread['phase']}" if thread.get("phase") else ""
        yield _below(f"thread {thread['thread']}{where}", _stack(stack_rows(thread["stack"], details.get("module"))))


def _text(text: str) -> Text:
    return Text(visible(text.rstrip()), "magenta")


def _below(heading: str, content: RenderableType) -> Padding:
    inner = Group(Text(heading, "bold"), Padding(content, (0, 0, 0, 2), expand=False)) if heading else content
    return Padding(inner, (1, 0, 0, 0), expand=False)


def _grid(rows: Iterable[tuple[str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def _stack(rows: list[Row]) -> Table:
    return _grid((row.number, Text(row.text, "bold" if row.own else "")) for row in rows)


def _facts(details: dict[str, Any]) -> list[tuple[str, Text]]:
    rows = []
    code = details.get("code")
    if isinstance(code, int) and (name := details.get("code_name")):
        rows.append(("exception", Text(f"0x{code & 0xFFFFFFFF:08X} {name}")))
    if address := details.get("address"):
        rows.append(("address", Text(visible(str(address)))))
    return rows


def _registers(registers: dict[str, Any]) -> Table:
    grid = Table.grid(padding=(0, 3))
    items = [f"{name:>6} {value}" for name, value in registers.items()]
    for start in range(0, len(items), 3):
        grid.add_row(*items[start : start + 3])
    return grid
