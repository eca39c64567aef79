"""How results look to people and programs: pure functions from public objects to rich renderables, text and JSON.

    from pyiismod import report

    report.write("hello.html", response)       # or .json for ui.perfetto.dev, .xml as IIS traces a failed request

Only :func:`write` opens a file, and nothing here prints or knows a command, so that every face of pyiismod can use all
of it. Names are loaded when they are first used.

- :mod:`~pyiismod.report.record`: what one run gave, and its JSON document; imports no rich;
- :mod:`~pyiismod.report.files`: reports as files; imports no rich;
- :mod:`~pyiismod.report.htmlpage`: one self-contained HTML page; imports no rich;
- :mod:`~pyiismod.report.chrometrace`: a trace for Perfetto and Chrome; imports no rich;
- :mod:`~pyiismod.report.failedrequest`: a failed request trace as IIS writes it; imports no rich;
- :mod:`~pyiismod.report.spans`: the timeline with times; imports no rich;
- :mod:`~pyiismod.report.plain`: renderables as plain text;
- :mod:`~pyiismod.report.values`: durations, arguments and untrusted text on one line; imports no rich;
- :mod:`~pyiismod.report.stack`: native stacks as lines; imports no rich;
- :mod:`~pyiismod.report.modules`: what modules registered;
- :mod:`~pyiismod.report.timeline`: what happened, as a tree;
- :mod:`~pyiismod.report.response`: the response, safe for a terminal;
- :mod:`~pyiismod.report.failure`: an error with all that is known about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyiismod.report.chrometrace import chrome_trace
    from pyiismod.report.failedrequest import failed_request
    from pyiismod.report.files import write
    from pyiismod.report.htmlpage import page
    from pyiismod.report.record import Run

__all__ = ["Run", "chrome_trace", "failed_request", "page", "write"]

_HOMES = {
    "Run": "record",
    "chrome_trace": "chrometrace",
    "failed_request": "failedrequest",
    "page": "htmlpage",
    "write": "files",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
