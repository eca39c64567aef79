"""The README tells the truth: its commands give what it shows, its Python runs.

A ``console`` block is one command and its output at 100 columns. Durations, dates and what depends on the versions of
Wine and Python are left out of the comparison. ``python tests/native/cli/test_readme.py`` writes the output anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"

_CONSOLE = re.compile(r"```console\n\$ pyiismod (?P<command>[^\n]*)\n(?P<output>.*?)```", re.DOTALL)
_PYTHON = re.compile(r"```python\n(?P<code>.*?)```", re.DOTALL)
_VOLATILE = (
    (re.compile(r"\b\d+(\.\d)? (µs|ms|s)\b"), "<time>"),
    (re.compile(r"^Date: .*", re.MULTILINE), "Date: <date>"),
    (re.compile(r"… \d+ more below"), "… <n> more below"),
)


def run(command: str) -> str:
    """Return what a command prints, as a terminal would show it."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run(
        [sys.executable, "-m", "pyiismod", *shlex.split(command)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=150,
    )
    return ended.stdout.decode().rstrip("\n") + "\n"


def steady(output: str) -> str:
    """Return the output without what changes from run to run."""
    for pattern, word in _VOLATILE:
        output = pattern.sub(word, output)
    return output


EXAMPLES = [(match["command"], match["output"]) for match in _CONSOLE.finditer(README.read_text("utf-8"))]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_commands_give_what_is_shown(command: str, output: str, windows: Runtime) -> None:
    assert steady(run(command)) == steady(output)


def test_the_python_runs(windows: Runtime) -> None:
    blocks = _PYTHON.findall(README.read_text("utf-8"))
    assert blocks
    for code in blocks:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=150)


@pytest.mark.parametrize(
    "page", ["README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


if __name__ == "__main__":
    fresh = _CONSOLE.sub(
        lambda m: f"```console\n$ pyiismod {m['command']}\n{run(m['command'])}```", README.read_text("utf-8")
    )
    README.write_text(fresh, "utf-8")
