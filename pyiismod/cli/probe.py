"""``pyiismod probe``: run an unknown module in a throwaway worker and see what it reacts to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pyiismod.cli import screen

__all__ = ["probe"]


def probe(
    module: Annotated[Path, typer.Argument(metavar="MODULE.dll", help="The module.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=1.0, help="When to stop sending requests.")
    ] = 60.0,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=256, help="Memory that the module's process may have.")
    ] = 1024,
    unconfined: Annotated[
        bool,
        typer.Option("--unconfined", help="Run it even where it keeps the network (Windows always)."),
    ] = False,
) -> int:
    """Run a module in a throwaway worker: what it registers, what it asks for, and which inputs change the answer.

    The module RUNS, confined as far as this system can: without network, with a copy of the Wine prefix. What is
    confined and what is not stands in the report. To look at a file without running it: pyiismod inspect.

    \b
    pyiismod probe unknown.dll
    pyiismod probe unknown.dll --json | jq '.reactions[].input'

    \b
    Exit codes: 0 it ran, whatever it does
                1 it did not load, crashed or hung
                2 wrong usage, or nothing to confine it with
                3 the runtime is missing or broken
    """
    from pyiismod.probing.probe import probe as carry_out

    out, _ = screen.standard()
    found = carry_out(module, seconds=seconds, megabytes=memory, unconfined=unconfined)
    if as_json:
        out.text(json.dumps(found.as_dict(), indent=2))
    else:
        from pyiismod.report.probing import probe_report

        out.show(*probe_report(found))
    return 1 if found.failed else 0
