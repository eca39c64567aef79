"""Reports as files: the name says which."""

from __future__ import annotations

from pathlib import Path

from pyiismod.errors import UsageError
from pyiismod.report.record import Run

__all__ = ["check", "save"]

_KINDS = {
    ".html": "one page that any browser shows",
    ".json": "a Chrome trace for Perfetto",
    ".xml": "IIS's failed request tracing",
}


def check(path: Path) -> None:
    """Make sure that a report can be written to ``path``.

    Raises:
        UsageError: nobody knows what it should be, or there is no such folder.
    """
    if path.suffix.lower() not in _KINDS:
        known = ", ".join(f"{suffix} ({what})" for suffix, what in _KINDS.items())
        raise UsageError(f"A report to {path} is of no known kind.", hint=f"Its name has to end in {known}.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"Cannot write a report to {path}: there is no folder {path.parent}.")


def save(run: Run, path: Path) -> None:
    """Write a report.

    Raises:
        UsageError: it cannot be written.
    """
    check(path)
    try:
        path.write_text(_rendered(run, path.suffix.lower()), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write a report to {path}: {error.strerror}.") from None


def _rendered(run: Run, kind: str) -> str:
    if kind == ".html":
        from pyiismod.report.page import page

        return page(run)
    if kind == ".json":
        from pyiismod.report.perfetto import perfetto

        return perfetto(run)
    from pyiismod.report.freb import freb

    return freb(run)
