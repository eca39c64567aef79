"""The log of ``pyiismod serve``: a line a request, what broke a rule, and reports of modules that failed."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from pyiismod.asgi import Finished
from pyiismod.cli.screen import Screen
from pyiismod.errors import PyiismodError
from pyiismod.report.failure import failure, title
from pyiismod.report.plain import plain
from pyiismod.report.timeline import timeline_trees
from pyiismod.report.values import duration, size, visible

if TYPE_CHECKING:
    from pyiismod.trace import Trace

__all__ = ["RequestLog"]


class RequestLog:
    """Written to a screen while requests come.

    Args:
        out: where.
        reports: folder for what is known of modules that failed; it is made when the first does.
        trace: whether timelines are shown.
    """

    def __init__(self, out: Screen, reports: Path, *, trace: bool = False) -> None:
        self._out = out
        self._reports = reports
        self._trace = trace
        self._numbers = count(1)
        self._last: tuple[str, str] | None = None  # what failed, and its report

    def ended(self, finished: Finished) -> None:
        """Write the line of a request, and what it broke."""
        scope, stream = finished.scope, finished.stream
        us = (time.perf_counter() - finished.began) * 1_000_000
        query = scope.get("query_string", b"")
        target = scope["path"] + (f"?{query.decode('latin-1')}" if query else "")
        client = scope["client"][0] if scope.get("client") else "-"
        parts = [
            (time.strftime("%H:%M:%S"), "dim"),
            (client, "dim"),
            (f"{scope['method']} {visible(target)}", "bold"),
            (str(finished.status or "cut"), _style(finished.status)),
            (size(finished.size), "default"),
            (duration(us), "dim"),
        ]
        if stream is not None and stream.refused:
            parts.append((f"refused: {', '.join(dict.fromkeys(stream.refused))}", "yellow"))
        self._line(parts)
        if stream is None:
            return
        if self._trace:
            self.timeline(stream.trace, stream.refused)
        else:
            for violation in stream.trace.violations:
                self._line([(f"          {violation.rule.id} {visible(violation)}", "bold red")])

    def failed(self, error: PyiismodError, scope: Any) -> str:
        """Keep and show a report; return what the client is told. Requests that failed together share it."""
        what = repr((error.message, error.details))
        if self._last is None or self._last[0] != what:
            number = f"{time.strftime('%Y%m%d-%H%M%S')}-{next(self._numbers)}"
            self._last = what, number
            report = self._reports / f"{number}.txt"
            self._reports.mkdir(parents=True, exist_ok=True)
            report.write_text(f"{title(error)}\n\n{plain(failure(error, everything=True))}", encoding="utf-8")
            self._out.show(failure(error, lead=f"{title(error)}: "))
            self._line([("report ", "dim"), (str(report), "default")])
        return f"{title(error)}. The report is {self._last[1]}.\n"

    def timeline(self, trace: Trace, refused: tuple[str, ...]) -> None:
        """Write what happened."""
        for tree in timeline_trees(trace, refused=refused):
            self._out.show(tree)

    def _line(self, parts: list[tuple[str, str]]) -> None:
        if self._out.painted:
            self._out.show(Text("  ").join(Text(text, style) for text, style in parts))
        else:
            self._out.text("  ".join(text for text, _ in parts))


def _style(status: int) -> str:
    return "bold red" if not status or status >= 500 else "yellow" if status >= 400 else "green"
