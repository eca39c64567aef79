"""Captured output is bounded and loses its oldest part first; names of C++ types; the lifeline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pyiismod.worker.cxxnames import readable
from pyiismod.worker.lifeline import Lifeline
from pyiismod.worker.output import Output


def test_output_is_kept_up_to_its_limit() -> None:
    output = Output(limit=100)
    for number in range(50):
        output.add(b"%08d\r\n" % number)
    assert output.total == 500
    text = output.text()
    assert text.startswith("[400 bytes left out]\n00000040\n00000041\n")
    assert text.endswith("00000049\n")


def test_output_since_a_mark() -> None:
    output = Output(limit=100)
    output.add(b"before ")
    mark = output.total
    assert output.text(mark) == ""
    output.add("größer".encode())
    assert output.text(mark) == "größer"
    assert output.text() == "before größer"


def test_output_that_is_no_text() -> None:
    output = Output()
    output.add(b"\xff\xfeok")
    assert output.text() == "\ufffd\ufffdok"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("St13runtime_error", "std::runtime_error"),
        ("N3app5inner5ErrorE", "app::inner::Error"),
        ("N12_GLOBAL__N_15ErrorE", "(anonymous)::Error"),
        ("5Error", "Error"),
        ("i", "int"),
        ("PKc", "const char*"),
        (".?AVruntime_error@std@@", "std::runtime_error"),
        (".?AUError@inner@app@@", "app::inner::Error"),
        (".PEAVCException@@", "CException*"),
        (".?AW4Code@app@@", "app::Code"),
        (".H", "int"),
        (".PEBD", "const char*"),
        (".?AV?$Box@H@@", ".?AV?$Box@H@@"),
        ("St6vectorIiSaIiEE", "St6vectorIiSaIiEE"),
        ("", ""),
    ],
)
def test_names_of_cxx_types(name: str, text: str) -> None:
    assert readable(name) == text


def test_the_lifeline_is_held_until_cut(tmp_path: Path) -> None:
    path = tmp_path / "life"
    script = (
        "import fcntl, sys\n"
        "with open(sys.argv[1], 'r+b') as file:\n"
        "    try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)\n"
        "    except OSError: sys.exit(7)\n"
    )
    probe = [sys.executable, "-c", script, str(path)]
    lifeline = Lifeline(path)
    assert subprocess.run(probe).returncode == 7
    lifeline.cut()
    lifeline.cut()
    assert subprocess.run(probe).returncode == 0
