"""``pyiismod inspect``: what a file is and what it would do, without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pyiismod.cli import screen
from pyiismod.errors import UsageError

__all__ = ["inspect", "write_file"]


def inspect(
    module: Annotated[Path, typer.Argument(metavar="MODULE.dll", help="The file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0, too.")
    ] = None,
    yara: Annotated[
        Path | None,
        typer.Option("--yara", metavar="RULES", help="Match YARA rules, a file or a folder (pyiismod\\[yara])."),
    ] = None,
) -> int:
    """Say what a DLL is and what it would do, without running it: on every system, for every processor, without Wine.

    \b
    pyiismod inspect unknown.dll
    pyiismod inspect unknown.dll --json | jq .registration.notifications
    pyiismod inspect unknown.dll --yara rules/ --sarif findings.sarif

    \b
    Exit codes: 0 a native IIS module
                1 something else, or no file that Windows would load
                2 wrong usage
    """
    from pyiismod.inspection.inspector import inspect_module

    out, _ = screen.standard()
    inspection = inspect_module(module, rules=yara)
    if sarif is not None:
        from pyiismod.report.inspection_sarif import inspection_sarif

        write_file(sarif, json.dumps(inspection_sarif(inspection), indent=2) + "\n")
    if as_json:
        out.text(json.dumps(inspection.as_dict(), indent=2))
    else:
        from pyiismod.report.inspection import inspection_report

        out.show(*inspection_report(inspection))
    return 0 if inspection.is_native_module else 1


def write_file(path: Path, text: str) -> None:
    """Write a document.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot write {str(path)!r}: {error.strerror}.") from None
