"""The files behind the modules, as StaticFileModule answers them. tests/native/host serves real folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyiismod.host import content
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
    ],
)
def test_physical_paths(root: str | None, path: str, physical: str) -> None:
    """A URL's slashes never make a network path or another drive."""
    assert map_path(Settings(root=root), path) == physical
    assert root_of(Settings(root=root)).endswith("\\")


def answer(x: Any) -> tuple[int, int, int]:
    x._core(0x80)
    return x.response.status, x.response.substatus, x.response.error & 0xFFFFFFFF


def test_without_a_root_there_is_nothing(exchange: Open) -> None:
    assert answer(exchange(target="/a.txt")) == (404, 0, 0x80070002)


def test_a_handled_request_is_left_alone(exchange: Open) -> None:
    x = exchange(target="/a.txt")
    x.handled = True
    assert answer(x) == (200, 0, 0)


def put(root: Path, name: str, data: bytes) -> None:
    """Make the file that the host finds below ``root``, with the separator of Windows, on any machine."""
    Path(f"{root}\\{name}").write_bytes(data)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/a.TXT", (200, 0, 0)),
        ("HEAD", "/a.TXT", (200, 0, 0)),
        ("POST", "/a.TXT", (405, 0, 0)),
        ("GET", "/b.bin", (404, 3, 0)),
        ("GET", "/c.txt", (404, 0, 0x80070002)),
    ],
)
def test_files(method: str, target: str, expected: tuple[int, int, int], exchange: Open, tmp_path: Path) -> None:
    put(tmp_path, "a.TXT", b"content")
    put(tmp_path, "b.bin", b"content")
    x = exchange(method, target, settings={"root": str(tmp_path)})
    assert answer(x) == expected
    x.finish()
    assert b"".join(x.outgoing.body) == (b"content" if method == "GET" and expected[0] == 200 else b"")
    headers = dict(x.outgoing.headers)
    if expected[0] == 200:
        assert (headers["Content-Type"], headers["Content-Length"]) == ("text/plain", "7")
    assert headers.get("Allow") == ("GET, HEAD" if expected[0] == 405 else None)


def test_a_file_that_cannot_be_read_is_no_fault_of_the_host(
    exchange: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """401.3 and E_ACCESSDENIED, as where an access list forbids it."""
    monkeypatch.setattr(content, "isfile", lambda path: True)
    x = exchange(target="/gone.txt", settings={"root": str(tmp_path)})
    assert answer(x) == (401, 3, 0x80070005)
    assert x.response.reason == b"Unauthorized"


@pytest.mark.parametrize("name", ["%00.txt", "a%00/b.txt", "con.txt", "a" * 5000 + ".txt", "a:b.txt", "*.txt"])
def test_names_that_no_file_has(name: str, exchange: Open, tmp_path: Path) -> None:
    assert answer(exchange(target=f"/{name}", settings={"root": str(tmp_path)})) == (404, 0, 0x80070002)
