"""A real installation in a second home: what it consists of, how it is broken and repaired, how it goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime
from pyiismod.runtime.paths import TAG

Command = Callable[..., subprocess.CompletedProcess[str]]
Home = tuple[Path, dict[str, str]]


def test_the_first_home_works(pyiismod: Command, windows: Runtime) -> None:
    done = pyiismod("runtime", "status", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["works"], report["error"]) == (0, True, None)
    assert report["python"] == windows.python
    assert report["version"].startswith(TAG.replace("cp3", "3."))
    assert report["wine"].startswith("wine-")
    assert report["sizes_mb"]["prefix"] < 300, "Wine's placeholders are trimmed"


def test_nothing_installed_is_said_with_code_3(pyiismod: Command, tmp_path: Path) -> None:
    env = {"PYIISMOD_HOME": str(tmp_path / "none")}
    done = pyiismod("runtime", "status", "--json", env=env)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["type"] == "RuntimeMissing"
    done = pyiismod("exec", "--", "-c", "pass", env=env)
    assert done.returncode == 3
    assert "pyiismod runtime install" in done.stderr
    assert not (tmp_path / "none").exists()


def test_the_second_home_works_and_needs_nothing_more(second_home: Home, pyiismod: Command) -> None:
    home, env = second_home
    done = pyiismod("runtime", "status", "--json", env=env)
    assert (done.returncode, json.loads(done.stdout)["home"]) == (0, str(home))
    before = {path: path.stat().st_mtime_ns for path in (home / TAG).rglob("*")}
    done = pyiismod("runtime", "install", env=env)
    assert (done.returncode, "Already installed" in done.stderr) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in (home / TAG).rglob("*")} == before


def test_the_prefix_reaches_into_no_home_directory(second_home: Home) -> None:
    home, _ = second_home
    links = {path.name: str(path.readlink()) for path in (home / "prefix").rglob("*") if path.is_symlink()}
    serial_ports = {name for name in links if name.startswith("com")}
    assert {name: links[name] for name in links.keys() - serial_ports} == {"c:": "../drive_c", "z:": "/"}
    assert not (home / "downloads").exists()


def test_what_is_missing_is_noticed_and_repaired(second_home: Home, pyiismod: Command, windows: Runtime) -> None:
    home, env = second_home
    (home / TAG / "DLLs" / "_ssl.pyd").unlink()
    done = pyiismod("exec", "--", "-c", "pass", env=env)
    assert done.returncode == 3
    assert "_ssl.pyd is missing" in done.stderr.replace("\n", " ")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(home), "PIP_CONFIG_FILE": os.devnull}
    done = pyiismod("runtime", "install", env={**env, **offline})
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr.replace("\n", " ")
    assert (home / TAG / "runtime.json").is_file(), "what was there is still there"
    done = pyiismod("runtime", "install", "--from", str(Path(windows.python).parent), env={**env, **offline})
    assert done.returncode == 0, done.stderr
    assert pyiismod("exec", "--", "-c", "import ssl", env=env).returncode == 0


def test_a_zip_file_will_do(second_home: Home, pyiismod: Command, windows: Runtime, tmp_path: Path) -> None:
    """The layout of the NuGet package: everything below tools/, packages in Lib/site-packages."""
    _, env = second_home
    installed, tools = Path(windows.python).parent, tmp_path / "package" / "tools"
    shutil.copytree(installed / "DLLs", tools / "DLLs")
    shutil.copytree(installed / "site", tools / "Lib" / "site-packages")
    for dll in installed.glob("*.dll"):
        shutil.copy(dll, tools)
    archive = shutil.make_archive(str(tmp_path / "python"), "zip", tmp_path / "package")
    done = pyiismod("runtime", "install", "--from", archive, env=env)
    assert done.returncode == 0, done.stderr
    done = pyiismod("runtime", "status", "--json", env=env)
    assert (done.returncode, json.loads(done.stdout)["source"]) == (0, archive)
    assert pyiismod("exec", "--", "-c", "import cffi, msgspec, ssl", env=env).returncode == 0


@pytest.fixture
def own_python(windows: Runtime, tmp_path: Path) -> Path:
    """A Windows Python of the user's own, with cffi and msgspec."""
    own = tmp_path / "own"
    shutil.copytree(Path(windows.python).parent, own, copy_function=os.symlink)
    shutil.copytree(own / "site", own / "Lib" / "site-packages", copy_function=os.symlink)
    return own


def test_a_python_of_ones_own(own_python: Path, pyiismod: Command, tmp_path: Path) -> None:
    env = {"PYIISMOD_WINDOWS_PYTHON": str(own_python)}
    code = "import sys, pyiismod, cffi, msgspec; print(sys.executable, sys.argv, __name__)"
    done = pyiismod("exec", "--", "-c", code, "a b", env=env)
    windows = "Z:" + str(own_python / "python.exe").replace("/", "\\")
    assert (done.stdout.strip(), done.stderr) == (f"{windows} ['-c', 'a b'] __main__", "")
    (tmp_path / "script.py").write_text("import sys; print(sys.argv[1:], __name__)")
    for arguments in (["script.py", "x"], ["-m", "script", "x"]):
        done = pyiismod("exec", "--", *arguments, cwd=tmp_path, env=env)
        assert (done.stdout.strip(), done.stderr) == ("['x'] __main__", "")


def test_python_exe_says_what_it_lacks(windows: Runtime, tmp_path: Path) -> None:
    def run() -> tuple[int, str]:
        command = [*windows.loader, str(tmp_path / "python.exe"), "-c", "pass"]
        done = subprocess.run(command, env=windows.environment(), input="", capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    installed = Path(windows.python).parent
    shutil.copy(windows.python, tmp_path)
    assert run()[0] == 3
    assert "python3XX.dll is missing" in run()[1]
    for dll in installed.glob("*.dll"):
        shutil.copy(dll, tmp_path)
    assert "start.frozen is missing" in run()[1]
    (tmp_path / "start.frozen").write_bytes(b"no modules")
    assert "start.frozen is damaged" in run()[1]
    shutil.copy(installed / "start.frozen", tmp_path)
    assert "library.bundle" in run()[1]
