"""``pyiismod diff``: what a new build of a module does otherwise than the old one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pyiismod.cli import screen

__all__ = ["diff"]


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.dll", help="One build.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.dll", help="The other one.", show_default=False)],
    requests: Annotated[
        list[Path] | None,
        typer.Option(
            "--requests", metavar="FILE", help="Requests to send, a HAR or .http file. Repeatable; else a built-in set."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=256, help="Memory that a module's process may have.")
    ] = 1024,
    unconfined: Annotated[
        bool,
        typer.Option("--unconfined", help="Run them even where they keep the network (Windows always)."),
    ] = False,
) -> int:
    """Compare two builds of a module: their files, what they register, and how they answer the same requests.

    Both RUN, confined as by pyiismod probe. Timings are shown and never count as a difference.

    \b
    pyiismod diff v1/module.dll v2/module.dll
    pyiismod diff v1/module.dll v2/module.dll --requests session.har --requests smoke.http

    \b
    Exit codes: 0 no difference
                1 they differ
                2 wrong usage, or nothing to confine them with
                3 the runtime is missing or broken
    """
    from pyiismod.probing.comparison import compare

    out, _ = screen.standard()
    found = compare(old, new, requests or (), megabytes=memory, unconfined=unconfined)
    if as_json:
        out.text(json.dumps(found.as_dict(), indent=2))
    else:
        from pyiismod.report.comparison import comparison_report

        out.show(*comparison_report(found))
    return 1 if found.differs else 0
