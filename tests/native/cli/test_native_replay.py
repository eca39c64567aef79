"""``pyiismod replay``, as people start it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

HTTP = """
GET http://localhost/one

###

POST http://localhost/two

content
"""


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """Two requests."""
    file = tmp_path / "two.http"
    file.write_text(HTTP.lstrip())
    return file


def test_requests_of_several_files(pyiismod: Callable, dll: Callable, requests: Path, tmp_path: Path) -> None:
    lines = tmp_path / "more.sh"
    lines.write_text("curl http://localhost/three -d x=1\n")
    ran = pyiismod("replay", dll("hello"), requests, lines)
    assert ran.code == 0
    assert ran.out.decode().splitlines() == [
        "GET http://localhost/one  200  11 bytes  (two.http line 1)",
        "POST http://localhost/two  200  11 bytes  (two.http line 5)",
        "POST http://localhost/three  200  11 bytes  (more.sh line 1)",
        "3 requests, 0 failed, 0 with another status than recorded",
    ]


def test_the_server_is_as_it_was_asked_for(pyiismod: Callable, dll: Callable, requests: Path) -> None:
    document = pyiismod("replay", dll("server_info"), requests, "--iis-version", "8.5", "--json").document
    for each in document["requests"]:
        assert b64decode(each["response"]["body_base64"]).startswith(b"version 8.5\n")


def test_a_crash_costs_one_request(pyiismod: Callable, dll: Callable, requests: Path) -> None:
    options = ("--env", "IISMOD_CRASH_IN=OnBeginRequest", "--json")
    document = (ran := pyiismod("replay", dll("crash_access_violation"), requests, *options)).document
    assert ran.code == 1
    assert [each["error"]["type"] for each in document["requests"]] == ["ModuleCrashed"] * 2


def test_variables_reach_the_module(pyiismod: Callable, dll: Callable, requests: Path) -> None:
    ran = pyiismod("replay", dll("crash_access_violation"), requests, "--env", "IISMOD_CRASH_IN=never")
    assert ran.code == 0
    assert b"2 requests, 0 failed" in ran.out


def test_another_status_than_then(pyiismod: Callable, dll: Callable, tmp_path: Path) -> None:
    file = tmp_path / "then.har"
    assert pyiismod("run", dll("hello"), "/", "--record", file).code == 0
    assert pyiismod("replay", dll("hello"), file, "--fail").code == 0
    ran = pyiismod("replay", dll("finish"), file, "--fail")
    assert ran.code == 1
    assert b"was 200" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no such file.har"], "no such file.har"),
        (["two.http", "--env", "novalue"], "sets no environment variable"),
        (["two.http", "--schedule", "sometimes"], "sometimes"),
        (["two.http", "--iis-version", "6.0"], "6.0"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    words: str,
    pyiismod: Callable,
    dll: Callable,
    requests: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(requests.parent)
    ran = pyiismod("replay", dll("hello"), *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
