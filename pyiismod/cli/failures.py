"""How a command fails: errors are painted for people, and what nobody expected is owned up to."""

from __future__ import annotations

import platform
import traceback

import pyiismod
from pyiismod.cli.screen import Screen
from pyiismod.errors import PyiismodError, WorkerError

__all__ = ["defect", "show_error"]


def defect(error: BaseException) -> WorkerError:
    """Return an exception that no one foresaw as an error that says how to report it."""
    what = traceback.format_exception_only(error)[-1].strip()
    system = f"pyiismod {pyiismod.__version__}, Python {platform.python_version()}, {platform.platform()}"
    return WorkerError(
        f"This is a defect of pyiismod, not of your module: {what} ({system})",
        hint="Please report it with this text, the command line and, if you may share it, the module.",
        details={"traceback": "".join(traceback.format_exception(error)).splitlines()},
    )


def show_error(error: PyiismodError, err: Screen, *, registers: bool = False, everything: bool = False) -> None:
    """Write an error: in a frame on a terminal, elsewhere as plain lines after ``error:``."""
    from pyiismod.report.failure import failure, failure_panel

    if err.painted:
        err.show(failure_panel(error, registers=registers, everything=everything))
    else:
        err.show(failure(error, lead="error: ", registers=registers, everything=everything))
