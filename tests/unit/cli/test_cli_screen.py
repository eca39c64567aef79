"""Terminals, pipes and logs: each gets what it can take."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest
from cli_fakes import FakeServer, answer, crash

from pyiismod.cli.app import main

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Stream(io.TextIOWrapper):
    """A stream whose bytes stay, and which says what it is."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        self.kept = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.kept, encoding=encoding, newline="\n")

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, fake: FakeServer) -> Callable[..., tuple[int, str, str]]:
    """Carry out a command line whose output goes to a terminal of 80 columns."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")

    def run(*arguments: str, terminal: bool = True, encoding: str = "utf-8") -> tuple[int, str, str]:
        out, err = (Stream(terminal=terminal, encoding=encoding) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = main(list(arguments))
        return code, out.kept.getvalue().decode(encoding), err.kept.getvalue().decode(encoding)

    return run


def test_a_terminal_gets_colour_and_80_columns(terminal: Callable, fake: FakeServer) -> None:
    fake.errors["close"] = crash()
    code, out, err = terminal("run", "hello.dll", "/", "--trace")
    assert code == 1
    assert "\x1b[1;32mHTTP/1.1 200 OK" in out
    assert "╭─ hello.dll crashed in OnBeginRequest ─" in ESCAPE.sub("", err)
    for line in ESCAPE.sub("", out + err).splitlines():
        assert len(line) <= 80


def test_no_color(terminal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    _, out, _ = terminal("run", "hello.dll", "/", "--trace")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", out)
    assert "HTTP/1.1 200 OK" in out


def test_a_log_gets_no_escapes_and_whole_lines(
    terminal: Callable, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.errors["close"] = crash()
    monkeypatch.delenv("COLUMNS")
    _, out, err = terminal("run", "hello.dll", "/", "--trace", terminal=False)
    assert "\x1b" not in out + err
    assert "╭" not in err
    assert "dwRequestNotifications=RQ_BEGIN_REQUEST) → S_OK  3 µs\n" in out


def test_a_log_gets_the_width_it_asks_for(terminal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = terminal("run", "hello.dll", "/", "--trace", terminal=False)
    assert max(map(len, out.splitlines())) <= 60


def test_a_log_may_ask_for_colour(terminal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, out, _ = terminal("run", "hello.dll", "/", terminal=False)
    assert "\x1b[1;32mHTTP/1.1 200 OK" in out


def test_a_narrow_encoding_loses_signs_but_nothing_fails(terminal: Callable) -> None:
    code, out, _ = terminal("run", "hello.dll", "/", "--trace", terminal=False, encoding="cp1252")
    assert code == 0
    assert "OnBeginRequest ? RQ_NOTIFICATION_FINISH_REQUEST  41 µs" in out
    assert "─" not in out


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"plain", "plain\n"),
        (b"ends\r\nso\n", "ends\nso\n"),
        ("schön".encode(), "schön\n"),
        (b"", ""),
        (b"a\0b", "(3 bytes of binary data, text/plain, not shown; -o FILE saves it)\n"),
        (b"\xff\xfe", "(2 bytes of binary data, text/plain, not shown; -o FILE saves it)\n"),
        (b"\x1b]0;title\x07", "(10 bytes of binary data, text/plain, not shown; -o FILE saves it)\n"),
    ],
)
def test_a_terminal_gets_only_text(body: bytes, shown: str, terminal: Callable, fake: FakeServer) -> None:
    fake.response = answer(body)
    _, out, _ = terminal("run", "hello.dll", "/")
    assert out.endswith(f"\n\n{shown}")


def test_the_charset_of_the_response_counts(terminal: Callable, fake: FakeServer) -> None:
    fake.response = answer("schön".encode("latin-1"), Content_Type="text/html; charset=ISO-8859-1")
    assert terminal("run", "hello.dll", "/")[1].endswith("\nschön\n")
