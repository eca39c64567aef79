"""Files that are broken on purpose give an answer or an error of ours, within 2 s and 300 MB; never a traceback.

Twenty thousand of them: ``python -m tests.bench.fuzz``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyiismod.errors import PyiismodError
from pyiismod.inspection.inspector import inspect_module
from pyiismod.report.inspection import inspection_report
from pyiismod.report.inspection_sarif import inspection_sarif

sys.path.insert(0, str(Path(__file__).parent))

from mutations import FIXTURES, mutated

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "module.dll"


def survives(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    start = time.process_time()
    refused = None
    try:
        found = inspect_module(file)
        list(inspection_report(found))
        inspection_sarif(found)
        found.as_dict()
    except PyiismodError as error:
        refused = error
    assert refused is None or (refused.message and refused.hint)
    assert time.process_time() - start < 2.0


@given(number=st.integers(0, 1 << 40))
@example(number=16728)  # a call before the first slot of a vtable
def test_mutated(file: Path, number: int) -> None:
    survives(file, mutated(number))


@given(
    fixture=st.sampled_from(FIXTURES),
    patches=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
)
def test_patched(file: Path, fixture: str, patches: list[tuple[int, bytes]]) -> None:
    """Hypothesis chooses the places itself, and makes a failure small."""
    data = bytearray((ROOT / "fixtures" / fixture).read_bytes())
    for offset, patch in patches:
        place = offset % len(data)
        data[place : place + len(patch)] = patch
    survives(file, bytes(data))


def test_within_300_megabytes() -> None:
    """Each process of this has that as a limit."""
    command = [sys.executable, "-m", "tests.bench.fuzz", "100"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "100 files" in ran.stdout
    assert " 0 bad" in ran.stdout
