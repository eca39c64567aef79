"""A probe for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pyiismod.report.values import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pyiismod.probing.ask import Change
    from pyiismod.probing.probe import Live, Probe, Reaction

__all__ = ["change_lines", "probe_report", "section"]

_MOST = 40
_LONGEST = 200

Row = tuple["Text | str", "Text | str"]


def section(title: str, rows: Iterable[Row], *, otherwise: str = "") -> Iterator[RenderableType]:
    """Yield a heading and its rows; nothing, or ``otherwise``, where there are none."""
    rows = list(rows)
    if not rows and not otherwise:
        return
    yield Text(f"\n{title}", "bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows or [("", Text(otherwise, "dim"))]:
        first = Text("  ").append(label if isinstance(label, Text) else Text(label, "cyan"))
        table.add_row(first, text if isinstance(text, Text) else Text(text))
    yield table


def change_lines(changes: Iterable[Change]) -> Iterator[Text]:
    """Yield one line for each difference."""
    for change in changes:
        line = Text(f"{visible(change.what)}: ", "default")
        if change.what in ("body", "calls"):
            line.append("\n  - ").append(_cut(change.before), "red")
            line.append("\n  + ").append(_cut(change.after), "green")
        else:
            line.append(_cut(change.before), "red").append(" → ").append(_cut(change.after), "green")
        yield line


def _cut(text: str) -> str:
    plain = visible(text.replace("\r", "\\r").replace("\n", "\\n"))
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def probe_report(probe: Probe) -> Iterator[RenderableType]:
    """Yield what to show, section by section."""
    style = "bold green" if probe.outcome == "completed" else "bold red"
    yield Text(visible(probe.module), "bold").append(f"  {probe.outcome}", style)
    yield from section(
        f"confined by {probe.sandbox.tool}" if probe.sandbox.tool != "none" else "not confined",
        [
            *((Text("yes", "green"), line) for line in probe.sandbox.confined),
            *((Text("no", "yellow"), line) for line in probe.sandbox.unconfined),
        ],
    )
    if probe.error:
        words = (str(probe.error.get(name) or "") for name in ("message", "hint"))
        yield from section("failed", [("", visible(text)) for text in words if text])
    yield from section("registered", _registered(probe))
    yield from section("live objects", ((live.kind, _live(live)) for live in probe.live))
    yield from section("asked the host for", _asked(probe))
    if probe.plain is not None:
        yield from section("a plain visitor gets", _plain(probe))
        if len(probe.tried) > 1:
            title = "inputs that change the answer"
            yield from section(title, _reactions(probe.reactions, True), otherwise=_none(probe))
        yield from section("inputs that only change what it asks the host", _reactions(probe.reactions, False))
    yield from section("failed at", _reactions(probe.failures, True))
    yield from section("rules broken", (("", visible(text)) for text in probe.violations))
    yield from section("not served by this host", (("", name) for name in probe.refused))
    yield from section("files written", (("", visible(name)) for name in probe.files[:_MOST]))
    yield from section("printed", (("", visible(line)) for line in probe.output.splitlines()[:_MOST]))
    if not probe.complete:
        yield Text("\nNot all requests were sent: time was up, or too many failed (see --seconds).", "yellow")


def _none(probe: Probe) -> str:
    return f"none of the {sum(probe.tried.values())} that were tried"


def _registered(probe: Probe) -> Iterator[Row]:
    if probe.registration is None:
        return
    found = probe.registration
    for label, names, prefix in (
        ("request", found.request, ""),
        ("post", found.post, "post "),
        ("global", found.global_, ""),
    ):
        if names:
            with_priority = (f"{n} ({p})" if (p := found.priorities.get(prefix + n)) else n for n in names)
            yield label, ", ".join(with_priority)


def _live(live: Live) -> Text:
    where = f"vtable 0x{live.vtable:X}" if live.vtable >= 0 else "vtable outside of the file"
    text = Text(where, "dim")
    if live.kind != "factory":
        names = [name for name in live.overridden if name.startswith("On")]
        text.append("  own handlers: ", "default").append(", ".join(names) or "none", "green" if names else "yellow")
    return text


def _asked(probe: Probe) -> Iterator[Row]:
    for interest in probe.asked:
        label = interest.notification
        for what, names in (
            ("request headers", interest.headers),
            ("response headers", interest.response_headers),
            ("server variables", interest.server_variables),
            ("URL", interest.url),
            ("", interest.others),
            ("changes", interest.changes[:8]),
        ):
            if names:
                yield label, Text(f"{what}: " if what else "", "dim").append(visible(", ".join(names)), "default")
                label = ""


def _plain(probe: Probe) -> Iterator[Row]:
    plain = probe.plain or {}
    if plain["outcome"] != "completed":
        yield str(plain["outcome"]), visible(str(plain["error"]))
        return
    yield str(plain["status"]), visible(str(plain["reason"]))
    if probe.acts_on_plain:
        for line in change_lines(probe.acts_on_plain):
            yield "by the module", line
    else:
        yield "by the module", Text("nothing: the same as without it", "dim")
    if probe.unsteady:
        yield "unsteady", f"differs by itself and is not compared: {', '.join(probe.unsteady)}"


def _reactions(reactions: Iterable[Reaction], seen: bool) -> Iterator[Row]:
    """Yield the reactions that a client can tell, or the others; equal ones together."""
    alike: dict[tuple[str, tuple[Change, ...]], list[str]] = {}
    for reaction in reactions:
        if reaction.visible == seen:
            changes = tuple(change for change in reaction.changes if not seen or change.what != "calls")
            alike.setdefault((reaction.group, changes), []).append(visible(reaction.input))
    for number, ((group, changes), inputs) in enumerate(alike.items()):
        if number >= _MOST:
            yield "", Text("… more in the JSON document", "dim")
            return
        yield group, Text("; ".join(inputs), "bold").append("\n").append(Text("\n").join(change_lines(changes)))
