"""Wrong usage: what is typed → exit code 2 and words that help. Nothing is started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_fakes import FakeServer

RUN = ("run", "hello.dll")

WRONG = {
    "nothing after run": (("run",), "MODULE.dll"),
    "no URL": (RUN, "[METHOD] URL"),
    "only a method": ((*RUN, "POST"), "pyiismod run MODULE.dll POST /"),
    "swapped": ((*RUN, "/x", "POST"), "pyiismod run MODULE.dll POST /x"),
    "three words": ((*RUN, "GET", "/a", "b"), "Quote a URL"),
    "a second module as a word": ((*RUN, "GET", "/", "other.dll"), "--module other.dll"),
    "method twice": ((*RUN, "GET", "/", "-X", "PUT"), "given twice: GET and -X PUT"),
    "unknown option": ((*RUN, "/", "--tracee"), "--tracee"),
    "unknown command": (("rnu",), "rnu"),
    "header without colon": ((*RUN, "/", "-H", "X-Test"), "'X-Test' has no colon"),
    "header without name": ((*RUN, "/", "-H", ": value"), "not a header name"),
    "header name with a space": ((*RUN, "/", "-H", "X Test: 1"), "not a header name"),
    "header with a line break": ((*RUN, "/", "-H", "X: a\r\nY: b"), "control characters"),
    "header with a NUL": ((*RUN, "/", "-H", "X: a\0b"), "control characters"),
    "header over 64 KiB": ((*RUN, "/", "-H", "X: " + "a" * 65_536), "65536 bytes"),
    "method with a space": ((*RUN, "GE T", "/"), "not an HTTP method"),
    "empty method": ((*RUN, "", "/"), "not an HTTP method"),
    "URL without a host": ((*RUN, "http:///x"), "names no host"),
    "URL of another scheme": ((*RUN, "ftp://localhost/"), "neither an http: nor an https: URL"),
    "URL without a scheme": ((*RUN, "localhost/x"), "neither an http: nor an https: URL"),
    "URL with a bad port": ((*RUN, "http://localhost:x/"), "not a URL"),
    "URL with a line break": ((*RUN, "/a\nb"), "control characters"),
    "URL over 64 KiB": ((*RUN, "/" + "a" * 65_536), "65537 bytes"),
    "missing body file": ((*RUN, "/", "-d", "@no-such-file"), "'no-such-file'"),
    "body from a folder": ((*RUN, "/", "-d", "@."), "Cannot read the body"),
    "variable without a value": ((*RUN, "/", "--env", "NAME"), "--env NAME=VALUE"),
    "variable without a name": ((*RUN, "/", "--env", "=x"), "--env NAME=VALUE"),
    "a schedule that there is not": ((*RUN, "/", "--schedule", "late"), "Use threaded, inline, early or a number"),
    "a seed below zero": ((*RUN, "/", "--schedule=-1"), "'-1' is no schedule for completions"),
    "a seed beyond all": ((*RUN, "/", "--schedule", "9" * 30), "is no schedule for completions"),
    "time out of zero": ((*RUN, "/", "--timeout", "0"), "timeout"),
    "check of nothing": (("check",), "MODULE.dll"),
    "a level that there is not": (("check", "hello.dll", "--level", "11"), "Levels go from 1"),
    "a rule that there is not": (("check", "hello.dll", "--skip", "complete-twice"), "Did you mean completed-twice"),
    "a report into nowhere": (("check", "hello.dll", "--sarif", "no-such/dir/s.json"), "no such folder"),
    "requests below zero": (("check", "hello.dll", "--requests", "-1"), "--requests"),
    "time out in words": ((*RUN, "/", "--timeout", "soon"), "timeout"),
}
OF_RUN = {name: case for name, case in WRONG.items() if case[0][0] == "run"}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    arguments: tuple[str, ...], words: str, pyiismod: Callable, fake: FakeServer
) -> None:
    ran = pyiismod(*arguments)
    assert ran.code == 2
    assert words in ran.err
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err
    assert ran.out == b""
    assert not fake.loaded


@pytest.mark.parametrize(("arguments", "words"), OF_RUN.values(), ids=OF_RUN.keys())
def test_with_json_it_is_one_document(arguments: tuple[str, ...], words: str, pyiismod: Callable) -> None:
    ran = pyiismod(*arguments, "--json")
    document = json.loads(ran.out)
    assert ran.code == 2
    assert ran.err == ""
    assert document["outcome"] == "load_failed"
    assert document["error"]["type"] == "UsageError"
    assert words in document["error"]["message"] + document["error"]["hint"]
    assert document["response"] is None
    assert document["modules"] == document["trace"] == document["refused"] == []


def test_two_claims_on_standard_output(pyiismod: Callable) -> None:
    ran = pyiismod(*RUN, "/", "-o", "-", "--json")
    assert ran.code == 2
    assert "Both --json and -o -" in json.loads(ran.out)["error"]["message"]


def test_a_shell_that_rewrites_paths_is_named(pyiismod: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSYSTEM", "MINGW64")
    ran = pyiismod(*RUN, "C:/Program Files/Git/hello")
    assert ran.code == 2
    assert "MSYS_NO_PATHCONV" in ran.err


def test_an_unwritable_output_file(pyiismod: Callable, tmp_path: Path) -> None:
    ran = pyiismod(*RUN, "/", "-o", str(tmp_path / "no" / "file"))
    assert ran.code == 2
    assert "Cannot write the body" in ran.err


def test_alone_it_shows_help(pyiismod: Callable) -> None:
    ran = pyiismod()
    assert ran.code == 0
    assert "Usage: pyiismod" in ran.text
    assert "run" in ran.text


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_run_teaches(option: str, pyiismod: Callable) -> None:
    ran = pyiismod("run", option)
    assert ran.code == 0
    assert "pyiismod run MODULE.dll [METHOD] URL [OPTIONS]" in ran.text
    assert "Exit codes:" in ran.text
    assert max(map(len, ran.text.splitlines())) <= 80


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_version(option: str, pyiismod: Callable) -> None:
    from pyiismod import __version__

    assert pyiismod(option).text == f"pyiismod {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        *("run", "check", "inspect", "probe", "serve", "replay", "init", "exec"),
        *("runtime install", "runtime status", "runtime remove"),
    ],
)
def test_help_of_every_command_has_examples(command: str, pyiismod: Callable) -> None:
    ran = pyiismod(*command.split(), "--help")
    assert ran.code == 0
    assert ran.text.count(f"pyiismod {command} ") >= 2  # the usage line, and an example


@pytest.mark.parametrize(("command", "words"), [("check", "[tool.pyiismod]"), ("inspect", "pyiismod[yara]")])
def test_help_keeps_what_stands_in_brackets(command: str, words: str, pyiismod: Callable) -> None:
    assert words in pyiismod(command, "--help").text
