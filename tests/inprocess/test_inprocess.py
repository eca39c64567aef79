"""Runs host tests inside the runtime's Windows Python: the vtables under the Windows calling convention, real DLLs.

What runs there is ``cases``, and all of ``tests/unit/host`` but for the property tests: Hypothesis is native code.
One run serves all tests here: each is one file, and fails with what pytest said in there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from pyiismod import runtime

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "inprocess" / "cases"
SHARED = ROOT / "tests" / "unit" / "host"
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (CASES, SHARED)
    for path in folder.glob("test_*.py")
    if "\nfrom hypothesis import" not in path.read_text(encoding="utf-8")
)


class Inside(NamedTuple):
    """One run of pytest in the Windows Python."""

    code: int
    output: str
    report: ElementTree.Element


@pytest.fixture(scope="module")
def inside(windows: runtime.Runtime, tmp_path_factory: pytest.TempPathFactory) -> Inside:
    report = tmp_path_factory.mktemp("inside") / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "-p", "pytest_timeout", "-o", "junit_family=xunit1"]
    options += [f"--confcutdir={windows.to_windows(SHARED)}", f"--junitxml={windows.to_windows(report)}"]
    command = [sys.executable, "-m", "pyiismod", "exec", "--", "-m", "pytest", *options, *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    assert report.is_file(), f"pytest did not get to its end in the Windows Python:\n{done.stdout}{done.stderr}"
    return Inside(done.returncode, done.stdout + done.stderr, ElementTree.parse(report).getroot())


@pytest.mark.parametrize("file", FILES)
def test_inside(file: str, inside: Inside) -> None:
    cases = [case for case in inside.report.iter("testcase") if (case.get("file") or "").replace("\\", "/") == file]
    assert cases, f"nothing of {file} ran:\n{inside.output}"
    bad = [case for case in cases if any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))]
    said = [f"{case.get('name')}\n{''.join(detail.text or '' for detail in case)}" for case in bad]
    assert not bad, "\n\n".join(said)


def test_nothing_else_went_wrong(inside: Inside) -> None:
    assert inside.code == 0, inside.output
