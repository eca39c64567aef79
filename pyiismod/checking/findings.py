"""What was found so far: each rule once for each place, with how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyiismod.checking.options import Options
from pyiismod.checking.report import SEVERITIES, Finding, Where
from pyiismod.rules import ERROR, Rule
from pyiismod.trace import Trace, TraceEvent, Violation

__all__ = ["Findings", "Node", "Skip", "tree"]


class Skip(Exception):
    """A phase cannot be tried; the text says why."""


class Node:
    """An event of a timeline with what happened inside of it.

    Attributes:
        event: the event.
        parent: what it happened in; None at the top.
        children: in order.
    """

    def __init__(self, event: TraceEvent, parent: Node | None) -> None:
        self.event = event
        self.parent = parent
        self.children: list[Node] = []

    def __iter__(self) -> Iterator[Node]:
        """Yield everything inside of it, in order."""
        for child in self.children:
            yield child
            yield from child

    def calls(self, *methods: str) -> Iterator[Node]:
        """Yield the calls into the host that this handler itself made, not those of handlers inside of them."""
        return (child for child in self.children if child.event.event == "call" and child.event.method in methods)


def tree(trace: Trace) -> list[Node]:
    """Return a timeline as nodes in order of their start; threads have branches of their own."""
    nodes: list[Node] = []
    paths: dict[int, list[Node]] = {}
    for event in trace:
        path = paths.setdefault(event.thread, [])
        del path[event.depth :]
        node = Node(event, path[-1] if path else None)
        if node.parent is not None:
            node.parent.children.append(node)
        path.append(node)
        nodes.append(node)
    return nodes


class Findings:
    """Gathers findings.

    Args:
        options: which rules are wanted.
        module: file name of the module.
    """

    def __init__(self, options: Options, module: str) -> None:
        self._options = options
        self._module = module
        self._found: dict[Any, Finding] = {}

    def add(self, rule: Rule, text: str, where: Where, **details: Any) -> bool:
        """Take one in, unless its rule is not wanted; return whether it is wanted."""
        if not self._options.wants(rule):
            return False
        key = (rule.id, where.module, where.notification, where.call, where.address or text)
        known = self._found.get(key)
        self._found[key] = (
            Finding(rule=rule, text=text, where=where, details=details)
            if known is None
            else replace(known, count=known.count + 1)
        )
        return True

    def take(self, nodes: list[Node], phase: str) -> None:
        """Take in what the host has noted."""
        for node in nodes:
            if node.event.event == "violation" and node.event.module in (self._module, None):
                violation = Violation.of(node.event)
                self.add(violation.rule, str(violation), self.where(node, phase))

    def where(self, node: Node, phase: str) -> Where:
        """Return where an event happened."""
        event, call = node.event, node
        while call.parent is not None and call.event.event != "call":
            call = call.parent
        stack = tuple(event.args.get("stack", ()))
        return Where(
            phase=phase,
            module=event.module or self._module,
            notification=_handler(node),
            call=f"{call.event.interface}::{call.event.method}" if call.event.event == "call" else None,
            address=next((place for place in stack if self.is_mine(place)), None),
            stack=stack,
        )

    def is_mine(self, place: str) -> bool:
        """Return whether a place of a stack is in the module."""
        return place.lower().startswith(f"{self._module.lower()}+")

    @property
    def has_errors(self) -> bool:
        """Whether one of them is an error."""
        return any(finding.rule.severity == ERROR for finding in self._found.values())

    def all(self) -> list[Finding]:
        """Return them, the worst first."""
        return sorted(self._found.values(), key=lambda finding: SEVERITIES.index(finding.rule.severity))


def _handler(node: Node | None) -> str | None:
    own = node.event.notification if node is not None else None
    while node is not None:
        if node.event.event in ("notification", "phase"):
            return node.event.method
        node = node.parent
    return own
