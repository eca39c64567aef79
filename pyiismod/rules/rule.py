"""What a rule is. The catalogue is in the files beside it, by noun."""

from __future__ import annotations

from typing import Final

__all__ = ["ERROR", "NOTE", "RULES", "WARNING", "Rule"]

ERROR: Final = "error"
"""In IIS this crashes, hangs, corrupts or loses something."""
WARNING: Final = "warning"
"""In IIS this does not do what its author must have meant, or does so only by luck."""
NOTE: Final = "note"
"""Allowed, and worth knowing."""


class Rule:
    """One thing that a module must not do. Making one puts it into :data:`RULES`.

    Args:
        id: stable, ``"IM010"``; never given to another rule.
        name: short and stable, ``"completed-twice"``.
        severity: :data:`ERROR`, :data:`WARNING` or :data:`NOTE`.
        title: what the module did, as a sentence.
        why: what comes of it in IIS.
        fix: what its author does about it.
        fact: where in the fact sheet (``docs/iis-behaviour.md``) it is said, ``"2.4; 6, mistake 3"``.
        level: from which ``--level`` on it is looked for, 1 to 10.
    """

    __slots__ = ("fact", "fix", "id", "level", "name", "severity", "title", "why")

    def __init__(
        self, id: str, name: str, severity: str, title: str, *, why: str, fix: str, fact: str, level: int = 1
    ) -> None:
        self.id = id
        self.name = name
        self.severity = severity
        self.title = title
        self.why = why
        self.fix = fix
        self.fact = fact
        self.level = level
        if RULES.setdefault(id, self) is not self:
            raise ValueError(f"two rules are called {id}")

    def __repr__(self) -> str:
        return f"<Rule {self.id} {self.name}>"


RULES: dict[str, Rule] = {}
"""All of them, by id."""
