"""What ``pyiismod init`` writes, and what it does not write over."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from pyiismod.errors import UsageError
from pyiismod.starter import headers, write

ROOT = Path(__file__).parents[3]


def test_all_files_are_there_and_complete(tmp_path: Path) -> None:
    files = write(tmp_path / "new", "my-gate")
    assert {"CMakeLists.txt", "src/my_gate.cpp", "tests/test_my_gate.py", ".github/workflows/test.yml"} <= {
        path.as_posix() for path in files
    }
    for path in files:
        text = (tmp_path / "new" / path).read_text("utf-8")
        assert "@NAME@" not in text
    written = tmp_path / "new"
    compile((written / "tests/test_my_gate.py").read_text(), "test", "exec")
    presets = json.loads((written / "CMakePresets.json").read_text())
    assert {each["name"] for each in presets["workflowPresets"]} == {"msvc", "mingw", "clang"}
    for workflow in (".github/workflows/test.yml", ".gitlab-ci.yml"):
        assert yaml.safe_load((written / workflow).read_text())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"There is already README\.md in"):
        write(tmp_path, "gate")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md"]
    write(tmp_path, "gate", force=True)
    assert (tmp_path / "README.md").read_text().startswith("# gate")


@pytest.mark.parametrize("name", ["", "3d", "größe", "a/b"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a module"):
        write(tmp_path, name)


def test_the_wheel_has_our_header() -> None:
    included = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert included["force-include"] == {"native/include": "pyiismod/include"}
    assert (headers() / "httpserv.h").is_file()
