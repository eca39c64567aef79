"""The options that several commands have: declared once, so that they are the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["OUTPUT", "SERVER", "Env", "IisVersion", "Json", "Others", "Root", "Schedule", "Timeout"]

SERVER = "Modules and server"
"""Panel of the help."""

OUTPUT = "Output"
"""Panel of the help."""

Others = Annotated[
    list[Path] | None,
    typer.Option(
        "--module", metavar="OTHER.dll", help="Load another module after the first. Repeatable.", rich_help_panel=SERVER
    ),
]
Root = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="Folder with the site's content.", rich_help_panel=SERVER)
]
IisVersion = Annotated[
    str,
    typer.Option(
        "--iis-version", metavar="VERSION", help="The IIS to be: 7.0, 7.5, 8.0, 8.5 or 10.0.", rich_help_panel=SERVER
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME=VALUE",
        help="Set an environment variable for the modules. Repeatable.",
        rich_help_panel=SERVER,
    ),
]
Schedule = Annotated[
    str,
    typer.Option(
        "--schedule",
        metavar="HOW",
        help="When asynchronous work completes: threaded, inline, early, or a number as a seed.",
        rich_help_panel=SERVER,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        help="How long a load, a request or the unload may take.",
        rich_help_panel=SERVER,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.", rich_help_panel=OUTPUT)]
