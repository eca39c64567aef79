"""What happened, as a tree: load, request, unload; in them phases and handlers; in those the calls into the host.

Each thread has its own branches, because what another one does meanwhile is not inside of what this one does.
A line is a call, its result and its duration. Styles are for the eye only; what was refused or forbidden also says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby

from rich.text import Text
from rich.tree import Tree

from pyiismod.report.spans import stages
from pyiismod.report.values import arguments, duration, outcome, visible
from pyiismod.trace import TraceEvent

__all__ = ["timeline_trees"]

_QUIET = ("S_OK", "RQ_NOTIFICATION_CONTINUE", "GL_NOTIFICATION_CONTINUE")


def timeline_trees(events: Iterable[TraceEvent], *, refused: Collection[str] = ()) -> list[Tree]:
    """Return one tree for each stage, in order.

    Args:
        events: in order of their start.
        refused: calls the host did not serve, as ``"Interface::Method"``.
    """
    staged = list(stages(events))
    several = len({event.module for _, event in staged if event.module}) > 1
    trees = []
    for stage, group in groupby(staged, key=lambda pair: pair[0]):
        root = Tree(Text(stage, "bold"), guide_style="dim")
        paths: dict[int, list[Tree]] = {}
        for _, event in group:
            path = paths.setdefault(event.thread, [root])
            del path[min(event.depth, len(path) - 1) + 1 :]
            path.append(path[-1].add(event_line(event, refused=refused, several=several)))
        trees.append(root)
    return trees


def event_line(event: TraceEvent, *, refused: Collection[str] = (), several: bool = True) -> Text:
    """Return one line of the timeline.

    Args:
        event: what to show.
        refused: calls the host did not serve.
        several: whether more than one module takes part, so that handlers must say whose they are.
    """
    if event.event == "violation":
        return Text(f"violation {event.args['rule']}: {visible(event.method)}", "bold red")
    if event.event == "output":
        text = visible(str(event.args.get("text", "")).rstrip("\n"))
        return Text(f"{event.method}: ", "magenta").append(text, "default" if event.method != "exception" else "red")
    if event.event == "trace":
        return Text("trace: ", "magenta").append(f"{visible(event.method)}({arguments(event.args)})", "default")
    line = _call(event, refused) if event.event == "call" else _entry(event, several)
    return line.append(f"  {duration(event.us)}", "dim")


def _entry(event: TraceEvent, several: bool) -> Text:
    owner = f"{visible(event.module)}  " if event.module and (several or event.method == "LoadLibrary") else ""
    line = Text(owner, "cyan").append(event.method, "bold")
    if event.args:
        line.append(f"({arguments(event.args)})")
    return _result(line, event)


def _call(event: TraceEvent, refused: Collection[str]) -> Text:
    label = f"{event.interface}::{event.method}" if event.interface else event.method
    line = Text(label, "blue").append(f"({arguments(event.args)})", "default")
    _result(line, event)
    if label in refused and event.result != "S_OK":
        line.append("  refused: the host does not serve this", "bold yellow")
    return line


def _result(line: Text, event: TraceEvent) -> Text:
    if event.result is None:
        return line
    shown = outcome(event.result)
    failed = isinstance(event.result, str) and event.result.startswith(("E_", "HRESULT", "0x8", "ERROR_", "host fault"))
    style = "green" if shown in _QUIET else "red" if failed else "yellow" if shown.startswith("RQ_") else "default"
    return line.append(" → ").append(shown, style)
