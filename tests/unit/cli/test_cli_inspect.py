"""``pyiismod inspect``, and what ``probe`` and ``diff`` refuse, on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

FIXTURES = Path(__file__).parents[3] / "fixtures"
Pyiismod = Callable[..., Ran]


def dll(name: str) -> str:
    return str(FIXTURES / f"{name}.dll")


@pytest.mark.parametrize(("name", "code"), [("hello", 0), ("hello.arm64", 0), ("isapi_filter", 1), ("managed", 1)])
def test_exit_code_says_whether_it_is_a_native_module(name: str, code: int, pyiismod: Pyiismod) -> None:
    ran = pyiismod("inspect", dll(name))
    assert (ran.code, ran.err) == (code, "")
    assert ran.text.startswith(f"{name}.dll  ")


def test_json_is_one_document(pyiismod: Pyiismod) -> None:
    ran = pyiismod("inspect", dll("hello.msvc"), "--json")
    assert json.loads(ran.out)["verdict"]["kind"] == "native_module"
    assert ran.err == ""


def test_json_of_a_file_that_is_none(pyiismod: Pyiismod, tmp_path: Path) -> None:
    file = tmp_path / "module.dll"
    file.write_text("not a DLL")
    ran = pyiismod("inspect", str(file), "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["error"]["type"] == "InvalidImage"
    assert ran.err == ""
    ran = pyiismod("inspect", str(file))
    assert ran.code == 1
    assert ran.err.startswith("error: ")
    assert ran.out == b""


def test_sarif_goes_to_a_file(pyiismod: Pyiismod, tmp_path: Path) -> None:
    file = tmp_path / "out.sarif"
    assert pyiismod("inspect", dll("not_overridden"), "--sarif", str(file)).code == 0
    assert json.loads(file.read_text())["version"] == "2.1.0"
    ran = pyiismod("inspect", dll("hello"), "--sarif", str(tmp_path / "no" / "such.sarif"))
    assert ran.code == 2
    assert "Cannot write" in ran.err


def test_yara_that_is_not_installed(pyiismod: Pyiismod, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "yara", None)
    ran = pyiismod("inspect", dll("hello"), "--yara", str(tmp_path))
    assert ran.code == 2
    assert "pip install 'pyiismod[yara]'" in ran.err


def test_colour_is_only_colour(pyiismod: Pyiismod, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = pyiismod("inspect", dll("hello")).text
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "400")
    painted = pyiismod("inspect", dll("hello")).text
    assert "\x1b[" in painted
    assert "\x1b[" not in plain


def test_names_in_a_file_cannot_control_the_terminal(pyiismod: Pyiismod, tmp_path: Path) -> None:
    data = (FIXTURES / "hello.msvc.dll").read_bytes().replace(b"CHelloWorld@", b"CH\x1b[31mrld@")
    file = tmp_path / "module.dll"
    file.write_bytes(data.replace(b"hello.msvc.dll", b"hello\x1b[2J.dll\0"))
    assert "\x1b" not in pyiismod("inspect", str(file)).text


@pytest.mark.parametrize("words", [("probe", "absent.dll"), ("diff", "absent.dll", "other.dll")])
def test_files_that_are_not_there(words: tuple[str, ...], pyiismod: Pyiismod) -> None:
    ran = pyiismod(*words)
    assert ran.code == 1
    assert "absent.dll does not exist" in ran.err


@pytest.mark.parametrize(
    "words", [("inspect",), ("probe", "a.dll", "--seconds", "0"), ("diff", "a.dll"), ("inspect", "a", "b")]
)
def test_wrong_usage(words: tuple[str, ...], pyiismod: Pyiismod) -> None:
    ran = pyiismod(*words)
    assert ran.code == 2
    assert ran.err


def test_looking_at_a_file_loads_nothing_for_running_it() -> None:
    code = (
        "import sys; from pyiismod.cli.app import main; main(['inspect', sys.argv[1], '--json']);"
        "print([m for m in sys.modules if m.startswith(('pyiismod.worker', 'pyiismod.host', 'pyiismod.runtime'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code, dll("hello")], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
