"""An inspection for people: one block of lines for each section, in the order of the questions one asks of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pyiismod.report.values import size, visible

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pyiismod.inspection.findings import Finding
    from pyiismod.inspection.handlers import Class
    from pyiismod.inspection.identity import Identity
    from pyiismod.inspection.inspector import Inspection, Notifications

__all__ = ["finding_lines", "inspection_report"]

_LEVELS = {"error": "bold red", "warning": "yellow", "note": "dim"}
_SURE = {"certain": "green", "likely": "yellow", "guess": "red"}
_MOST = 12
"""Lines of one kind; the rest is in the JSON document."""

Row = tuple[str, "Text | str"]


def inspection_report(inspection: Inspection) -> Iterator[RenderableType]:
    """Yield what to show, section by section."""
    yield from _verdict(inspection)
    yield from _section("entry", _entry(inspection))
    yield from _section(
        "classes and handlers", _classes(inspection), _by(inspection.handlers.method, inspection.handlers.sure)
    )
    yield from _section("notifications", _registration(inspection), _by("RegisterModule", inspection.registration.sure))
    yield from _section("needs", _needs(inspection))
    yield from _section("capabilities", _capabilities(inspection))
    yield from _section("strings", _strings(inspection))
    yield from _section("oddities", _findings(inspection, "oddities"))
    yield from _section("mitigations", _mitigations(inspection))
    if inspection.yara:
        yield from _section("yara", [(match.rule, ", ".join(match.strings)) for match in inspection.yara])
    others = [f for f in inspection.findings if f.section in ("verdict", "entry", "handlers", "needs", "strings")]
    yield from _section("findings", [(finding.level, _finding(finding)) for finding in others])
    yield from _section("could not be told", [("", visible(sentence)) for sentence in inspection.unknown])


def _section(title: str, rows: Iterable[Row], note: Text | None = None) -> Iterator[RenderableType]:
    rows = list(rows)
    if not rows:
        return
    heading = Text(f"\n{title}", "bold")
    yield heading.append("  ").append(note) if note else heading
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        style = _LEVELS.get(label, "cyan")
        table.add_row(Text(f"  {label}", style), text if isinstance(text, Text) else Text(text))
    yield table


def _by(method: str, sure: str) -> Text | None:
    if method == "none":
        return None
    names = {"registration": "RegisterModule", "rtti": "run-time type information"}
    return Text(f"by {names.get(method, method)}: ", "dim").append(sure, _SURE.get(sure, "default"))


def _verdict(inspection: Inspection) -> Iterator[RenderableType]:
    file, verdict = inspection.file, inspection.verdict
    identity = verdict.identity
    style = "bold green" if inspection.is_native_module else "bold yellow"
    text = verdict.text[:1].upper() + verdict.text[1:]
    yield Text(visible(file.name), "bold").append("  ").append(visible(text), style)
    yield Text("; ".join((_signer(identity), _age(identity), size(file.size))), "default")
    table = Table.grid(padding=(0, 2))
    for label, value in (
        ("sha256", file.sha256),
        ("imphash", identity.imphash),
        ("rich hash", identity.rich_hash),
        ("export hash", identity.export_hash),
    ):
        table.add_row(Text(f"  {label}", "cyan"), Text(value or "none", "default" if value else "dim"))
    yield table


def _signer(identity: Identity) -> str:
    signature = identity.signature
    if signature is None:
        return "unsigned"
    who = visible(signature.signer) or "somebody whose certificate could not be read"
    state = {True: "and not changed since", False: "AND CHANGED SINCE", None: "(the digest could not be checked)"}
    return f"signed by {who} {state[signature.intact]}, trust not judged"


def _age(identity: Identity) -> str:
    if identity.linked is None:
        return "no link time (a reproducible build)" if identity.reproducible else "no link time"
    days = identity.age_days or 0
    age = f"{days} days old" if days < 730 else f"{days / 365.25:.0f} years old"
    return f"linked {identity.linked}" + (f", {age}" if days >= 0 else ", which is yet to come")


def _entry(inspection: Inspection) -> Iterator[Row]:
    entry = inspection.entry
    if entry.found:
        where = f"forwarded to {visible(entry.forwarder)}" if entry.forwarder else f"RVA 0x{entry.rva or 0:X}"
        yield "RegisterModule", f"ordinal {entry.ordinal}, {where}"
    else:
        yield "RegisterModule", "not exported"
    for miss in entry.near_misses:
        yield "near miss", visible(miss.text)
    yield "linked as", visible(entry.internal_name or "") or "(no name)"


def _classes(inspection: Inspection) -> Iterator[Row]:
    for each in inspection.classes:
        name = visible(each.name or "(no name)")
        yield (
            each.kind,
            Text(name, "bold").append(f"  vtable 0x{each.vtable:X}, found by {', '.join(each.found_by)}", "dim"),
        )
        if each.kind != "factory":
            yield "", _overridden(each)
    handlers = inspection.handlers
    if not inspection.classes and handlers.method == "strings":
        names = (*handlers.request, *handlers.global_)
        yield "overridden", f"{', '.join(names)} (their default bodies are not among the texts)"


def _overridden(each: Class) -> Text:
    names = [handler.name for handler in each.handlers if handler.overridden]
    text = Text("overrides ").append(", ".join(names) or "nothing", "green" if names else "yellow")
    return text.append(f"  (of {len(each.handlers)} slots; by {each.method}, {each.sure})", "dim")


def _registration(inspection: Inspection) -> Iterator[Row]:
    registration = inspection.registration
    if not registration.followed:
        return
    rows = [(label, str(text)) for label, text in _notifications(registration.notifications)]
    yield from _notifications(registration.notifications)
    if not rows:
        yield "nothing", "RegisterModule registers nothing"
    for other in registration.otherwise[:_MOST]:
        for label, text in _notifications(other):
            if (label, str(text)) not in rows:
                rows.append((label, str(text)))
                yield f"or {label}", text
    for doubt in registration.doubts:
        yield "but", visible(doubt)


def _notifications(found: Notifications) -> Iterator[Row]:
    for label, names, prefix in (
        ("request", found.request, ""),
        ("post", found.post, "post "),
        ("global", found.global_, ""),
    ):
        if names is None:
            yield label, Text("a value that is computed while it runs", "yellow")
        elif names:
            yield label, ", ".join(_with_priority(name, found.priorities.get(prefix + name)) for name in names)
    if "?" in found.priorities:
        yield "priority", Text("of a mask that is computed while it runs", "yellow")


def _with_priority(name: str, priority: str | None) -> str:
    shown = "a priority that is computed while it runs" if priority == "?" else visible(priority or "")
    return f"{name} ({shown})" if priority else name


def _needs(inspection: Inspection) -> Iterator[Row]:
    needs = inspection.needs
    year = f", {needs.crt.year}" if needs.crt.year else ""
    debug = ", debug" if needs.crt.debug else ""
    yield "C run-time", f"{visible(needs.crt.text)}{year}{debug}"
    yield "linker", needs.linker
    for stock, group in groupby(sorted(needs.dlls, key=lambda n: not n.stock), key=lambda n: n.stock):
        entries = list(group)
        if stock:
            for label, wanted in (("Windows", False), ("API sets", True)):
                names = [n for n in entries if (n.kind in ("ucrt", "api_set")) == wanted]
                if names:
                    yield label, ", ".join(visible(n.dll) + (" (delayed)" if n.delayed else "") for n in names)
        else:
            for need in entries:
                delayed = ", when first used" if need.delayed else ""
                yield "besides", Text(visible(need.dll), "yellow").append(f"  {visible(need.text)}{delayed}", "default")


def _capabilities(inspection: Inspection) -> Iterator[Row]:
    for each in inspection.capabilities:
        style = "yellow" if each.level == "warning" and each.evidence else "default"
        text = Text(each.text, style)
        shown = [visible(name) for name in each.evidence[:_MOST]]
        shown += [f"text “{visible(name)}”" for name in each.in_strings[:_MOST]]
        yield each.name, text.append(f"  {', '.join(shown)}", "dim")


def _strings(inspection: Inspection) -> Iterator[Row]:
    for tag, group in groupby(inspection.strings, key=lambda text: text.tag):
        texts = list(group)
        for number, text in enumerate(texts[:_MOST]):
            yield (tag if number == 0 else ""), visible(text.text)
        if len(texts) > _MOST:
            yield "", Text(f"… {len(texts) - _MOST} more", "dim")


def _mitigations(inspection: Inspection) -> Iterator[Row]:
    for each in inspection.mitigations:
        word = {True: "on", False: "off", None: "does not apply"}[each.on]
        style = {True: "green", False: "yellow", None: "dim"}[each.on]
        yield each.name, Text(word, style).append(f"  {each.text}" if each.on is not None else "", "dim")


def _findings(inspection: Inspection, section: str) -> Iterator[Row]:
    return ((finding.level, _finding(finding)) for finding in inspection.findings if finding.section == section)


def _finding(finding: Finding) -> Text:
    return Text(visible(finding.text)).append(f"  [{finding.id}]", "dim")


def finding_lines(findings: Iterable[Finding]) -> Iterator[RenderableType]:
    """Yield findings as a table of level and text."""
    yield from _section("findings", [(finding.level, _finding(finding)) for finding in findings])
