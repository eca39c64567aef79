"""Where the content is, and who answers with it. test_host_static.py shows what IIS makes of the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyiismod.host.content import map_path, root_of
from pyiismod.host.settings import Settings

Open = Callable[..., Any]


@pytest.mark.parametrize(
    ("root", "path", "physical"),
    [
        (None, "/", "C:\\inetpub\\wwwroot"),
        (None, "/a/b.txt", "C:\\inetpub\\wwwroot\\a\\b.txt"),
        ("D:\\site\\", "/a/", "D:\\site\\a\\"),
        ("D:\\site/", "//server/share", "D:\\site\\server\\share"),
        ("D:\\", "/x", "D:\\x"),
        ("/srv/site", "/a/b.txt", "/srv/site/a/b.txt"),
    ],
)
def test_physical_paths(root: str | None, path: str, physical: str) -> None:
    """A URL's slashes never make a network path or another drive."""
    assert map_path(Settings(root=root), path) == physical
    assert root_of(Settings(root=root)).endswith("/" if (root or "").startswith("/") else "\\")


def answer(x: Any) -> tuple[int, int, int]:
    x._core(0x80)
    return x.response.status, x.response.substatus, x.response.error & 0xFFFFFFFF


def test_without_a_root_there_is_nothing(exchange: Open) -> None:
    assert answer(exchange(target="/a.txt")) == (404, 0, 0x80070002)


def test_a_handled_request_is_left_alone(exchange: Open) -> None:
    x = exchange(target="/a.txt")
    x.handled = True
    assert answer(x) == (200, 0, 0)


@pytest.mark.parametrize("name", ["%00.txt", "a%00/b.txt", "con.txt", "a" * 5000 + ".txt", "a:b.txt", "*.txt"])
def test_names_that_no_file_has(name: str, exchange: Open, tmp_path: Path) -> None:
    assert answer(exchange(target=f"/{name}", settings={"root": str(tmp_path)})) == (404, 0, 0x80070002)
