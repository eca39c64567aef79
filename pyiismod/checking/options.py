"""How a check is made: what the caller asks for, over ``[tool.pyiismod]``, over what is usual."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pyiismod.errors import UsageError
from pyiismod.rules import RULES, Rule

__all__ = ["Options"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How thorough a check is, and what it looks at.

    Attributes:
        level: 1 (seconds) to 10 (many minutes); each rule says from which level on it is looked for.
        seed: of everything that is drawn: schedules, sizes of reads, names.
        only: rules to look for, by id or name; all when empty.
        skip: rules not to look for.
        timeout: seconds that one step (a load, a request) may take.
        slow: milliseconds that one handler may block its thread.
        requests: how many equal requests are sent to find leaks; by level when None.

    Raises:
        UsageError: something is out of its range, or there is no such rule.
    """

    level: int = 5
    seed: int = 0
    only: Collection[str] = field(default=())
    skip: Collection[str] = field(default=())
    timeout: float = 10.0
    slow: float = 500.0
    requests: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.level <= 10:
            raise UsageError(
                f"The level {self.level} is out of range.", hint="Levels go from 1 (quick) to 10 (thorough)."
            )
        if self.requests is not None and self.requests < 0:
            raise UsageError(f"{self.requests} requests cannot be sent.")
        if self.slow <= 0:
            raise UsageError("A handler cannot be quicker than 0 ms.")
        if self.timeout <= 0:
            raise UsageError("A step that may take no time cannot be made.")
        for name in (*self.only, *self.skip):
            _rule(name)

    def wants(self, rule: Rule) -> bool:
        """Return whether a rule is looked for."""
        only, skip = {_rule(name) for name in self.only}, {_rule(name) for name in self.skip}
        return rule not in skip and (rule in only if only else rule.level <= self.level)


def _rule(name: str) -> Rule:
    for rule in RULES.values():
        if name.upper() == rule.id or name.lower() == rule.name:
            return rule
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), [rule.name for rule in RULES.values()], 1)
    hint = f"Did you mean {close[0]}?" if close else "docs/rules.md lists them all."
    raise UsageError(f"There is no rule {name!r}.", hint=hint)
