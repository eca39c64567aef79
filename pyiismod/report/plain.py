"""What would be painted, as plain text: for files, logs and other people's reports."""

from __future__ import annotations

import io
import re

from rich.console import Console, RenderableType

__all__ = ["plain"]


def plain(*renderables: RenderableType, width: int = 120) -> str:
    """Return renderables as text without colour, wrapped at ``width`` columns, each ended by a line feed."""
    page = io.StringIO()
    console = Console(file=page, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(*renderables, sep="\n")
    return re.sub(r" +$", "", page.getvalue(), flags=re.MULTILINE)
