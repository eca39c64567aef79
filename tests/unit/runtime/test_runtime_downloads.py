"""Fetching the pinned wheels, with a pip that does what the test wants."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest
from runtime_fakes import executable

from pyiismod.errors import RuntimeInstallError
from pyiismod.runtime import downloads
from pyiismod.runtime.downloads import Wheel, fetch, pinned

BYTES = b"a wheel" * 1000
WHEEL = Wheel("cffi", "2.1.1", len(BYTES), hashlib.sha256(BYTES).hexdigest())
FILE = "cffi-2.1.1-cp311-cp311-win_amd64.whl"

PIP = f"""#!{sys.executable}
import pathlib, sys, time
here = pathlib.Path(__file__).parent
options = dict(option.partition("=")[::2] for option in sys.argv[1:])
(here / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
(here / "requirements").write_text(pathlib.Path(options["--requirement"]).read_text())
if (here / "says").exists():
    print((here / "says").read_text(), file=sys.stderr)
    sys.exit(1)
pathlib.Path(options["--dest"]).mkdir()
pathlib.Path(options["--dest"], {FILE!r}).write_bytes((here / "wheel").read_bytes())
time.sleep(0.3)
"""


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a Python that is nothing but pip: ``wheel`` is what it finds, ``says`` makes it fail."""
    directory = tmp_path / "pip"
    monkeypatch.setattr(downloads.sys, "executable", str(executable(directory / "python", PIP)))
    (directory / "wheel").write_bytes(BYTES)
    return directory


def test_every_pin_is_whole() -> None:
    table = downloads.tomllib.loads(Path(downloads.__file__).with_name("pins.toml").read_text())
    assert list(table) == ["cp311", "cp312", "cp313", "cp314"]
    for wheels in table.values():
        assert sorted(wheels) == ["cffi", "msgspec", "panda3d"]
        for wheel in wheels.values():
            assert re.fullmatch(r"[0-9a-f]{64}", wheel["sha256"])
            assert wheel["size"] > 100_000
    assert len({wheel["sha256"] for wheels in table.values() for wheel in wheels.values()}) == 12


def test_an_unknown_python_is_told_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TAG", "cp399")
    with pytest.raises(RuntimeInstallError, match="known for cp399; there are cp311, cp312") as caught:
        pinned()
    assert "pyiismod" in caught.value.hint


def test_a_wheel_is_downloaded_once(pip: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    seen: list[int] = []
    path = fetch(WHEEL, cache, seen.append)
    assert path == cache / FILE
    assert path.read_bytes() == BYTES
    assert seen[-1:] == [len(BYTES)]
    assert [entry.name for entry in cache.iterdir()] == [FILE]
    assert fetch(WHEEL, cache, seen.append) == path
    calls = (pip / "calls").read_text().splitlines()
    assert len(calls) == 1
    for option in ("--require-hashes", "--platform=win_amd64", "--only-binary=:all:", "--no-deps"):
        assert option in calls[0]
    assert (pip / "requirements").read_text() == f"cffi==2.1.1 --hash=sha256:{WHEEL.sha256}\n"


def test_a_damaged_wheel_is_downloaded_again(pip: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / FILE).write_bytes(BYTES[:-1] + b"x")
    (cache / "unfinished").mkdir()
    (cache / "unfinished" / "rest").touch()
    assert fetch(WHEEL, cache, lambda done: None).read_bytes() == BYTES


ANSWERS = {
    "ERROR: Could not find a version that satisfies the requirement cffi==2.1.1 (from versions: none)": (
        "the package index cannot be reached",
        "pip config set global.index-url",
    ),
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.": (
        "another file than the pinned one",
        "pip config list",
    ),
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
        "the disk is full",
        "Free some space",
    ),
    "ERROR: No matching distribution found for cffi==2.1.1": ("No matching distribution found", "same command again"),
    "Killed": ("Killed", "same command again"),
    "": ("it said nothing", "same command again"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_pip_says_is_explained(answer: str, pip: Path, tmp_path: Path) -> None:
    (pip / "says").write_text(answer)
    words, hint = ANSWERS[answer]
    with pytest.raises(RuntimeInstallError, match=re.escape(words)) as caught:
        fetch(WHEEL, tmp_path / "cache", lambda done: None)
    assert "cffi 2.1.1" in caught.value.message
    assert hint in caught.value.hint


def test_a_pip_that_lies_is_not_believed(pip: Path, tmp_path: Path) -> None:
    (pip / "wheel").write_bytes(BYTES + b"!")
    with pytest.raises(RuntimeInstallError, match=r"pip could not download cffi 2\.1\.1"):
        fetch(WHEEL, tmp_path / "cache", lambda done: None)


def test_an_environment_without_pip_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeInstallError, match="pip is needed to download cffi") as caught:
        fetch(WHEEL, tmp_path / "cache", lambda done: None)
    assert "-m ensurepip" in caught.value.hint
