"""The catalogue as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

from pyiismod.rules.rule import RULES, Rule

__all__ = ["page"]

_CHAPTERS = (
    ("Registration", 0, 9),
    ("Statuses and completions", 10, 19),
    ("Headers and bodies", 20, 39),
    ("What lives longer than a call", 40, 59),
    ("How it ends", 60, 69),
    ("Deployment", 70, 79),
)
_HEAD = """# The rules of `pyiismod check`

Each rule has an id that never changes its meaning, a name, a severity, and the `--level` from which on it is looked for
(a life of the module that shows it may begin at a higher one: see [check.md](check.md)). An **error** crashes, hangs,
corrupts or loses something in IIS; a **warning** does not do what its author must have meant; a **note** is allowed,
and worth knowing. Facts are cited by section of the project's IIS fact sheet.

`--skip IM018` or `--skip blocks` leaves a rule out; `--only` looks for nothing else.
"""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    for title, first, last in _CHAPTERS:
        rules = [rule for rule in RULES.values() if first <= int(rule.id[2:]) <= last]
        yield f"## {title}\n"
        yield "| id | name | severity | level | what the module did |"
        yield "|---|---|---|---|---|"
        yield from (
            f"| [{r.id}](#{r.id.lower()}) | {r.name} | {r.severity} | {r.level} | {r.title} |" for r in _sorted(rules)
        )
        yield ""
        for rule in _sorted(rules):
            yield from _section(rule)


def _sorted(rules: list[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: rule.id)


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"**{rule.title}** ({rule.name}, {rule.severity})\n"
    yield f"- Why: {rule.why}"
    yield f"- Fix: {rule.fix}"
    yield f"- Fact: {rule.fact}\n"
