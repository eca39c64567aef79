"""Completion in shells, and help that teaches."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("pyiismod s", {"serve"}),
        ("pyiismod re", {"replay"}),
        ("pyiismod runtime ", {"install", "status", "remove"}),
        ("pyiismod serve --re", {"--record", "--reports"}),
    ],
)
def test_bash_completes(words: str, found: set[str]) -> None:
    asked = {"_PYIISMOD_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    ended = subprocess.run(
        [sys.executable, "-c", "from pyiismod.cli.app import main; main()"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert set(ended.stdout.split()) == found


@pytest.mark.parametrize("command", ["run", "serve", "replay", "init"])
def test_help_has_examples_and_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from pyiismod.cli.app import main

    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"pyiismod {command} " in shown
    if command != "init":
        assert "Exit codes:" in shown
