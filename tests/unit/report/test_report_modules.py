"""What a module registered, as a tree."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from pyiismod.abi.constants import GL_APPLICATION_START, RQ_BEGIN_REQUEST, RQ_LOG_REQUEST
from pyiismod.module import Module
from pyiismod.report.modules import module_tree
from pyiismod.worker.protocol import Loaded, Registration

FOLDER = Path("folder").resolve()


def plain(registration: Registration, base: Path | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(module_tree(Module("a", FOLDER / "a.dll", Loaded(0, registration, [], [])), base=base))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_notifications_carry_their_priorities() -> None:
    priorities = {"RQ_LOG_REQUEST": "LAST", "post RQ_BEGIN_REQUEST": "FIRST", "GL_APPLICATION_START": "HIGH"}
    registration = Registration(
        0, True, RQ_BEGIN_REQUEST | RQ_LOG_REQUEST, RQ_BEGIN_REQUEST, True, GL_APPLICATION_START, priorities
    )
    assert plain(registration)[1:] == [
        "├── request RQ_BEGIN_REQUEST, RQ_LOG_REQUEST (LAST)",
        "├── post    RQ_BEGIN_REQUEST (FIRST)",
        "└── global  GL_APPLICATION_START (HIGH)",
    ]


@pytest.mark.parametrize(
    ("base", "path"),
    [
        (None, FOLDER / "a.dll"),
        (FOLDER, Path("a.dll")),
        (FOLDER.parent, Path("folder/a.dll")),
        (Path("/x"), FOLDER / "a.dll"),
    ],
)
def test_the_path_is_shown_from_the_base(base: Path | None, path: Path) -> None:
    assert plain(Registration(0, False, 0, 0, False, 0, {}), base)[0] == f"a  {path}"
