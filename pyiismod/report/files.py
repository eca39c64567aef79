"""Reports as files, by the ending of their name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pyiismod.errors import UsageError
from pyiismod.report.record import Run

if TYPE_CHECKING:
    from pyiismod.response import Response
    from pyiismod.server import Server
    from pyiismod.streaming import ResponseStream

__all__ = ["check", "kind_of", "write"]


def _chrome_trace(run: Run) -> str:
    from pyiismod.report.chrometrace import chrome_trace

    return chrome_trace(run)


def _failed_request(run: Run) -> str:
    from pyiismod.report.failedrequest import failed_request

    return failed_request(run)


def _page(run: Run) -> str:
    from pyiismod.report.htmlpage import page

    return page(run)


_KINDS: dict[str, Callable[[Run], str]] = {
    ".json": _chrome_trace,
    ".xml": _failed_request,
    ".html": _page,
    ".htm": _page,
}
_CHOICE = ".html for a page, .json for a trace that ui.perfetto.dev opens, .xml for a failed request trace of IIS"


def kind_of(path: str | os.PathLike[str]) -> Callable[[Run], str]:
    """Return what makes the text of a report with this name.

    Raises:
        UsageError: the ending says nothing.
    """
    kind = _KINDS.get(Path(path).suffix.lower())
    if kind is None:
        raise UsageError(f"{os.fspath(path)!r} does not say what kind of report it is.", hint=f"End it in {_CHOICE}.")
    return kind


def check(path: str | os.PathLike[str]) -> None:
    """Make sure, before anything is started, that a report can be written there.

    Raises:
        UsageError: the ending says nothing, there is no such folder, or a folder is in the way.
    """
    kind_of(path)
    if Path(path).is_dir():
        raise UsageError(f"Cannot write the report {os.fspath(path)!r}: it is a folder.")
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(f"Cannot write the report {os.fspath(path)!r}: there is no folder {str(folder)!r}.")


def write(path: str | os.PathLike[str], source: Run | Response | ResponseStream | Server) -> None:
    """Write a report: a page, a Perfetto trace or a failed request trace, as the file's ending says.

    Args:
        path: the file, ending in ``.html``, ``.json`` or ``.xml``; an old one is replaced.
        source: a response or a stream that has ended, with what happened for it; a server, with all that it remembers;
            or a whole run.

    Raises:
        UsageError: the ending says nothing, or the file cannot be written.
    """
    text = kind_of(path)(Run.of(source))
    try:
        Path(path).write_text(text, "utf-8", "replace", newline="\n")
    except OSError as error:
        raise UsageError(f"Cannot write the report {os.fspath(path)!r}: {error.strerror}.") from None
