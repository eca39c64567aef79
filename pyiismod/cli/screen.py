"""Standard output and error of one command, for terminals, pipes and logs.

A terminal gets colour and its own width. Anything else gets plain text in lines as long as they are, with nothing cut
or wrapped, so that it can be searched; unless COLUMNS says otherwise. Rich decides about NO_COLOR, FORCE_COLOR and
TERM; it is imported only to paint.
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Screen"]

_ENDLESS = 1_000_000  # columns


class Screen:
    """Where a command writes.

    Args:
        stream: ``sys.stdout`` or ``sys.stderr``.

    Attributes:
        terminal: whether a terminal reads it.
        painted: whether it is a terminal, or wants to be painted like one.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.terminal = stream.isatty()
        self.painted = self.terminal or bool(os.environ.get("FORCE_COLOR"))

    def text(self, text: str) -> None:
        """Write text as it is, and a line feed."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def bytes(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._stream.flush()
        self._stream.buffer.write(data)
        self._stream.buffer.flush()

    def show(self, *renderables: RenderableType) -> None:
        """Paint, or write plain text that looks the same."""
        from rich.console import Console

        if self.painted:
            console = Console(file=self._stream, highlight=False, markup=False, emoji=False, soft_wrap=False)
            console.print(*renderables, sep="\n")
        else:
            page = _Page(self._stream.encoding)
            columns = os.environ.get("COLUMNS", "")
            width = int(columns) if columns.isdecimal() else _ENDLESS
            console = Console(file=page, width=width, color_system=None, highlight=False, markup=False, emoji=False)
            console.print(*renderables, sep="\n")
            self._stream.write(re.sub(r" +$", "", page.getvalue(), flags=re.MULTILINE))
        self._stream.flush()


class _Page(io.StringIO):
    """A page in memory that tells rich which characters the real stream can take."""

    def __init__(self, encoding: str | None) -> None:
        super().__init__(newline="")
        self._encoding = encoding or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream that will get the page."""
        return self._encoding


def standard() -> tuple[Screen, Screen]:
    """Return standard output and error; what they cannot encode is replaced, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return Screen(sys.stdout), Screen(sys.stderr)
