"""Pages that are executed: what they say is done in an empty folder, in order.

- a block with ``file=PATH`` behind its language is written to that file;
- ``console`` is commands (``$ …``) and what they print; a line ``...`` stands for any lines. Durations, dates and sizes
  are left out of the comparison;
- ``python`` without a file is run;
- ``<!-- copy NAME.dll PATH -->`` puts a fixture there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]

_STEP = re.compile(
    r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$|^<!-- copy (?P<dll>\S+) (?P<to>\S+) -->$",
    re.DOTALL | re.MULTILINE,
)
_VOLATILE = (
    (re.compile(r"\b\d+(\.\d+)? ?(µs|ms|s)\b"), "<time>"),
    (re.compile(r"^(Date|date): .*", re.MULTILINE), "Date: <date>"),
    (re.compile(r"=+ (.*?) =+"), r"= \1 ="),
    (re.compile(r"0x[0-9a-f]{3,16}\b"), "0x<address>"),
    (re.compile(r"… \d+ more below"), "… <n> more below"),
    (re.compile(r" +$", re.MULTILINE), ""),
)


class Step(NamedTuple):
    """One thing to do; ``kind`` is ``"file"``, ``"console"``, ``"python"`` or ``"copy"``."""

    kind: str
    text: str
    target: str
    line: int


def steps(page: Path) -> list[Step]:
    """Return what a page says is to be done."""
    text, found = page.read_text("utf-8"), []
    for match in _STEP.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        target = re.search(r"\bfile=(\S+)", match["info"] or "")
        if match["dll"]:
            found.append(Step("copy", match["dll"], match["to"], line))
        elif target is not None:
            found.append(Step("file", match["text"], target[1], line))
        elif match["language"] in ("console", "python"):
            found.append(Step(match["language"], match["text"], "", line))
    return found


class Reader:
    """Somebody who does what a page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def do(self, step: Step) -> None:
        """Do one step; what does not come out as the page says is an assertion."""
        if step.kind == "copy":
            (self.folder / step.target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "fixtures" / step.text, self.folder / step.target)
        elif step.kind == "file":
            (self.folder / step.target).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / step.target).write_text(step.text, "utf-8")
        elif step.kind == "python":
            self.run(f"{sys.executable} -", step.text)
        else:
            for command, expected in commands(step.text):
                self.check(command, expected)

    def check(self, command: str, expected: str) -> None:
        """Run a command and compare what it prints."""
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return
        got = self.run(command)
        pattern = ".*".join(re.escape(steady(part)) for part in re.split(r"^\.\.\.\n", expected, flags=re.MULTILINE))
        assert re.fullmatch(pattern, steady(got), re.DOTALL), f"$ {command}\n{got}\nis not\n{expected}"

    def run(self, command: str, text: str = "") -> str:
        """Return what a command prints."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment |= {"PATH": path, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environment,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=150,
        )
        if text:
            assert ended.returncode == 0, ended.stdout
        return ended.stdout


def commands(text: str) -> list[tuple[str, str]]:
    """Return each command of a console block with what it prints."""
    parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", text, flags=re.MULTILINE)
    return [(parts[at], parts[at + 1]) for at in range(1, len(parts), 2)]


def steady(output: str) -> str:
    """Return output without what changes from run to run."""
    for pattern, word in _VOLATILE:
        output = pattern.sub(word, output)
    return output
