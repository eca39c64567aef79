"""The wheel: it is built, installed into a fresh environment, and runs the demo there. No network is needed.

What it depends on is lent by this environment, which has it installed from the same declaration.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(out), str(ROOT)]
    subprocess.run(build, check=True, timeout=150)
    (found,) = out.glob("*.whl")
    return found


def test_what_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("/METADATA"))
        (entries,) = (archive.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    for needed in (
        *(
            "py.typed",
            "runtime/bin/supervisor.exe",
            "runtime/bin/python.exe",
            "runtime/pins.toml",
            "report/assets/page.html",
        ),
        *("include/iismod/httpserv.h", "starter/template/src/NAME.cpp.in", "starter/template/github/test.yml.in"),
    ):
        assert f"pyiismod/{needed}" in names
    assert not any(name.startswith(("tests/", "fixtures/", "native/")) for name in names)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in declared["dependencies"]:
        assert f"Requires-Dist: {name.partition('>')[0]}" in metadata
    assert "[pytest11]\npyiismod = pyiismod.pytest_plugin" in entries


def test_a_fresh_environment_runs_the_demo(wheel: Path, tmp_path: Path, windows: Runtime) -> None:
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True, timeout=150)
    python = fresh / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    lent = (
        "typing_extensions.py _cffi_backend* cffi msgspec pefile.py ordlookup platformdirs rich typer click* pygments"
    )
    lent += " markdown_it mdurl shellingham annotated_doc"
    here = Path(sysconfig.get_path("purelib"))
    for pattern in lent.split():
        for found in here.glob(pattern):
            (site / found.name).symlink_to(found)
    command = [str(python), "-I", "-m", "pyiismod", "run", str(ROOT / "fixtures/hello.dll"), "GET", "/hello"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.endswith("Hello World")
    where = [str(python), "-I", "-c", "import pyiismod; print(pyiismod.__file__)"]
    assert str(fresh) in subprocess.run(where, check=True, capture_output=True, text=True).stdout
