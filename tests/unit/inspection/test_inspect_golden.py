"""``pyiismod inspect`` over fixtures of every compiler, word for word; tests/unit/inspection/golden has the pages.

After a change of the output, or of these fixtures, write them anew with ``PYIISMOD_UPDATE_GOLDEN=1`` and read the diff.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from pyiismod.inspection.inspector import inspect_module
from pyiismod.report.inspection import inspection_report

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
FILES = [
    "hello.msvc",  # Microsoft's ABI, with run-time type information
    "hello.nortti",  # … without
    "hello",  # mingw-w64, stripped
    "hello.x86",
    "hello.arm64",
    "both.nortti",
    "both.x86",
    "priorities.msvc",
    "style_waf.arm64",
    "crash_cpp",  # mingw-w64 with the whole C++ run-time: Itanium type information
    "not_overridden",
    "order_a.msvc",  # masks that are computed
    "isapi_filter",
    "mangled_export.msvc",
    "forwarded_export",
    "missing_dll.msvc",
    "managed",
]


@pytest.mark.parametrize("name", FILES)
def test_page(name: str) -> None:
    console = Console(width=1000, color_system=None, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(*inspection_report(inspect_module(ROOT / f"fixtures/{name}.dll", now=NOW)), sep="\n")
    page = "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("PYIISMOD_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(page, encoding="utf-8")
    assert page == golden.read_text(encoding="utf-8")


def test_every_page_is_of_a_file() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(FILES)
