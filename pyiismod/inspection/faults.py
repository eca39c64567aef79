"""One way to build a :class:`~pyiismod.errors.LoadError`, so that every error of the pre-flight has the same parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pyiismod.errors import LoadError
from pyiismod.inspection.iisevents import IisEvent

E = TypeVar("E", bound=LoadError)


def load_fault(error: type[E], path: Path, reason: str, text: str, event: IisEvent, hint: str, **details: Any) -> E:
    """Return (not raise) an ``error`` about the module ``path``.

    Its message is ``text`` and what IIS would say; its ``details`` are those of every ``ModuleError``, then ``path``,
    ``kind`` (the stable word ``reason``), ``iis`` (the event) and ``details``.
    """
    return error(
        f"{text} {event.sentence}",
        hint=hint,
        details={
            "module": path.name,
            "phase": "file",
            "notification": None,
            "path": str(path),
            "kind": reason,
            **details,
            "iis": event.as_dict(),
        },
    )
