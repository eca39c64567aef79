"""Installing: what is kept when it fails, what it refuses, what it leaves alone."""

from __future__ import annotations

import errno
import fcntl
import re
import shutil
import sys
import zipfile
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from runtime_fakes import Installation, program

from pyiismod.errors import RuntimeInstallError, RuntimeMissing
from pyiismod.runtime import assemble, find
from pyiismod.runtime import install as installing
from pyiismod.runtime.assemble import open_source
from pyiismod.runtime.install import install, remove

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
DLL = f"python{MINOR.replace('.', '')}.dll"


class Steps:
    """Stands for Wine, pip and the new Python; counts, and fails where it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails: dict[str, Exception] = {}

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name in self.fails:
            raise self.fails[name]

    def make_prefix(self, wine: Any, prefix: Path, report: Any) -> None:
        report("prefix")
        prefix.mkdir()
        (prefix / "system.reg").write_text("new")
        self._do("prefix")

    def assemble(self, new: Path, source: Path | None, kept: Path | None, cache: Path, tell: Any) -> str:
        program(new / "python.exe")
        (new / "DLLs").mkdir()
        (cache / "kept.whl").touch()
        self._do("python")
        return "panda3d 1.10.16" if source is None else str(source.absolute())

    def trial(self, wine: Any, directory: Path, prefix: Path) -> str:
        self._do("trial")
        return "3.11.9"


@pytest.fixture
def steps(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Steps:
    made = Steps()
    monkeypatch.setattr(installing, "make_prefix", made.make_prefix)
    monkeypatch.setattr(installing.assemble, "assemble", made.assemble)
    monkeypatch.setattr(installing, "_try", made.trial)
    return made


def contents(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def test_what_fits_is_left_alone(steps: Steps, installation: Installation) -> None:
    before = contents(installation.home) | {"lock"}
    assert install() is False
    assert steps.done == []
    assert contents(installation.home) == before


def test_a_fresh_machine_gets_both(steps: Steps, installation: Installation) -> None:
    shutil.rmtree(installation.home)
    assert install() is True
    assert steps.done == ["prefix", "python", "trial"]
    assert sorted(path.name for path in installation.home.iterdir()) == [installation.python.name, "lock", "prefix"]


def test_only_what_does_not_fit_is_installed(steps: Steps, installation: Installation) -> None:
    (installation.python / "DLLs" / "_ssl.pyd").unlink()
    assert install() is True
    assert steps.done == ["python", "trial"]
    assert (installation.python / "runtime.json").is_file()


def test_force_installs_both(steps: Steps) -> None:
    assert install(force=True) is True
    assert steps.done == ["prefix", "python", "trial"]


def test_another_source_is_installed_once(steps: Steps, tmp_path: Path) -> None:
    assert install(source=tmp_path) is True
    assert install(source=tmp_path) is False
    assert install() is False
    assert steps.done == ["python", "trial"]


def test_a_python_of_ones_own_needs_only_the_prefix(
    steps: Steps, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(installation.home)
    monkeypatch.setenv("PYIISMOD_WINDOWS_PYTHON", "/opt/python")
    assert install() is True
    assert steps.done == ["prefix"]


@pytest.mark.parametrize("step", ["prefix", "python", "trial"])
@pytest.mark.parametrize("error", [RuntimeInstallError("It failed."), KeyboardInterrupt()], ids=type)
def test_a_failure_keeps_what_was_there(step: str, error: Exception, steps: Steps, installation: Installation) -> None:
    (installation.prefix / "system.reg").write_text("old")
    (installation.python / "old").touch()
    steps.fails[step] = error
    with pytest.raises(type(error)):
        install(force=True)
    assert (installation.prefix / "system.reg").read_text() == ("old" if step == "prefix" else "new")
    assert (installation.python / "old").exists()
    assert list(installation.home.glob(".new-*")) == []
    assert (installation.home / "downloads" / "kept.whl").exists() == (step != "prefix")


def test_what_an_interrupted_installation_left_is_cleared(steps: Steps, installation: Installation) -> None:
    left = installation.home / ".new-prefix-abc"
    (left / "prefix").mkdir(parents=True)
    assert install(force=True)
    assert not left.exists()
    assert not (installation.home / "downloads").exists()


def test_two_at_once(steps: Steps, installation: Installation) -> None:
    with (installation.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RuntimeInstallError, match=r"Another installation into .* is running"):
            install()


def test_a_disk_that_is_nearly_full(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(installing.shutil, "disk_usage", lambda path: usage(10**10, 10**10 - 10**6, 10**6))
    with pytest.raises(RuntimeInstallError, match=r"needs 1000 MB for a while; .* has 1 MB left") as caught:
        install(force=True)
    assert "PYIISMOD_HOME" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "words", "hint"),
    [(errno.ENOSPC, "the disk is full", "Free some space"), (errno.EACCES, "Permission denied", "who may write")],
)
def test_a_file_system_that_fails(number: int, words: str, hint: str, steps: Steps) -> None:
    steps.fails["python"] = OSError(number, "Permission denied")
    with pytest.raises(RuntimeInstallError, match=words) as caught:
        install(force=True)
    assert hint in caught.value.hint


def test_no_wine_is_said_before_anything_is_done(steps: Steps, installation: Installation) -> None:
    shutil.rmtree(installation.programs)
    with pytest.raises(RuntimeMissing, match="Wine is not installed"):
        install(force=True)
    assert steps.done == []


def test_remove_deletes_only_what_is_ours(installation: Installation) -> None:
    find()
    (installation.home / "my thesis").mkdir()
    (installation.home / "downloads").mkdir()
    assert remove() is True
    assert [path.name for path in installation.home.iterdir()] == ["my thesis"]
    assert remove() is False
    (installation.home / "my thesis").rmdir()
    assert remove() is False
    assert not installation.home.exists()
    assert remove() is False


# --- --from ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [".", "tools", "python/tools"])
def test_a_windows_python_is_found_in_a_directory_or_a_zip_file(layout: str, tmp_path: Path) -> None:
    root = tmp_path / "source" / layout
    root.mkdir(parents=True)
    for name in (DLL, "python3.dll", "python.exe"):
        (root / name).touch()
    assert open_source(tmp_path / "source", tmp_path) == root
    archive = shutil.make_archive(str(tmp_path / "python"), "zip", tmp_path / "source")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert (open_source(Path(archive), scratch) / DLL).is_file()


def _text(path: Path) -> None:
    path.write_text("no zip file")


def _other(path: Path) -> None:
    path.mkdir()
    (path / "python399.dll").touch()
    (path / "python3.dll").touch()


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README", "nothing")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no "),
        (_text, "is no directory and no zip file"),
        (Path.mkdir, "holds no python3XX.dll; both sides must be Python " + MINOR),
        (_zip, "holds no python3XX.dll"),
        (_other, "holds python399.dll; both sides must be Python " + MINOR),
    ],
)
def test_what_is_no_windows_python_is_refused(make: Any, words: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    make(source)
    with pytest.raises(RuntimeInstallError, match=re.escape(words)) as caught:
        open_source(source, tmp_path)
    assert f"64-bit Python {MINOR}" in caught.value.hint


def test_half_a_standard_library_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(RuntimeInstallError, match="there is no asyncio in") as caught:
        list(assemble._copy_library(tmp_path, tmp_path / "Lib"))
    assert caught.value.hint == "sudo apt-get install --no-install-recommends python3"
