"""What modules registered, as one tree a module."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from pyiismod.report.values import visible

if TYPE_CHECKING:
    from pyiismod.module import Module, Registration

__all__ = ["module_tree"]


def module_tree(module: Module, *, base: Path | None = None) -> Tree:
    """Return the tree of one module: what it asked to be told, with the priorities it set.

    Args:
        module: the module.
        base: a folder; the path of a module in it is shown from there.
    """
    path = module.path.relative_to(base) if base and module.path.is_relative_to(base) else module.path
    title = Text(visible(module.name), "bold cyan").append(f"  {visible(str(path))}", "dim")
    tree = Tree(title, guide_style="dim")
    registration = module.registration
    rows = (
        ("request", "", registration.request_notifications),
        ("post", "post ", registration.post_notifications),
        ("global", "", registration.global_notifications),
    )
    for label, prefix, names in rows:
        tree.add(Text(f"{label:<8}").append_text(_notifications(registration, prefix, names)))
    return tree


def _notifications(registration: Registration, prefix: str, names: Iterable[str]) -> Text:
    shown = []
    for name in names:
        text = Text(name, "green")
        if alias := registration.priorities.get(prefix + name):
            text.append(f" ({alias})", "yellow")
        shown.append(text)
    return Text(", ").join(shown) if shown else Text("none", "dim")
