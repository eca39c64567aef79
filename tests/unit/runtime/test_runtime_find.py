"""find(): what it gives, and what it says when something is not there (situation → error, words, fixing command)."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from runtime_fakes import Installation, executable, program

from pyiismod.errors import PyiismodError, RuntimeBroken, RuntimeMissing
from pyiismod.runtime import find, interpreter, prefix, wine

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
DLL = f"python{MINOR.replace('.', '')}.dll"
INSTALL = "pyiismod runtime install"
LINUX = "Use a Linux x86-64 machine or container, or Windows."

Damage = Callable[[Installation, pytest.MonkeyPatch], object]


class Case(NamedTuple):
    damage: Damage
    error: type[PyiismodError]
    words: tuple[str, ...]
    hint: str


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def named(made: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Windows Python of the user's own, complete."""
    root = made.home.parent / "own"
    program(root / "python.exe")
    for name in (DLL, "_cffi_backend.pyd", "Lib/site-packages/msgspec/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    monkeypatch.setenv("PYIISMOD_WINDOWS_PYTHON", str(root))
    return root


def without_wine(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(made.programs)


def only_32_bit(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    (made.programs / "wine64").rename(made.programs / "wine")


def another_system(system: str, machine: str) -> Damage:
    def damage(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wine.sys, "platform", system)
        monkeypatch.setattr(wine.platform, "machine", lambda: machine)

    return damage


def own(change: Callable[[Path], object]) -> Damage:
    return lambda made, monkeypatch: change(named(made, monkeypatch))


def another_minor(made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    made.python.rename(made.home / "cp399")


CASES = {
    "no Wine": Case(
        without_wine,
        RuntimeMissing,
        ("Wine is not installed.",),
        "sudo apt-get install --no-install-recommends wine",
    ),
    "Wine for 32 bits only": Case(
        only_32_bit,
        RuntimeMissing,
        ("only for 32-bit programs", "wine64"),
        "sudo apt-get install --no-install-recommends wine64",
    ),
    "no wineserver": Case(
        lambda made, _: (made.programs / "wineserver64").unlink(),
        RuntimeMissing,
        ("its wineserver is not",),
        "sudo apt-get install --no-install-recommends wine",
    ),
    "macOS": Case(another_system("darwin", "arm64"), RuntimeMissing, ("darwin on arm64",), "Use a Linux x86-64"),
    "Linux on ARM": Case(
        another_system("linux", "aarch64"), RuntimeMissing, ("linux on aarch64",), "Use a Linux x86-64"
    ),
    "nothing installed": Case(
        lambda made, _: shutil.rmtree(made.home),
        RuntimeMissing,
        (f"Windows Python {MINOR}", "is not installed"),
        INSTALL,
    ),
    "another minor version": Case(another_minor, RuntimeMissing, ("not installed", "there is one for cp399"), INSTALL),
    "no manifest": Case(
        lambda made, _: (made.python / "runtime.json").unlink(), RuntimeBroken, ("only half installed",), INSTALL
    ),
    "manifest cut off": Case(
        lambda made, _: (made.python / "runtime.json").write_text('{"fingerprint": "'),
        RuntimeBroken,
        ("only half installed",),
        INSTALL,
    ),
    "a file missing": Case(
        lambda made, _: (made.python / "DLLs" / "_ssl.pyd").unlink(),
        RuntimeBroken,
        ("only half installed", "_ssl.pyd is missing"),
        INSTALL,
    ),
    "a file cut off": Case(
        lambda made, _: (made.python / "python.exe").write_bytes(b"MZ"),
        RuntimeBroken,
        ("only half installed", "python.exe is damaged"),
        INSTALL,
    ),
    "installed by another version": Case(
        lambda made, _: program(made.bin / "python.exe").write_bytes(b"MZ another"),
        RuntimeBroken,
        ("another version of pyiismod",),
        INSTALL,
    ),
    "no prefix": Case(lambda made, _: shutil.rmtree(made.prefix), RuntimeMissing, ("prefix is not there",), INSTALL),
    "half a prefix": Case(
        lambda made, _: (made.prefix / "pyiismod.json").unlink(), RuntimeBroken, ("prefix", "only half made"), INSTALL
    ),
    "a prefix without registry": Case(
        lambda made, _: (made.prefix / "system.reg").unlink(), RuntimeBroken, ("only half made", "system.reg"), INSTALL
    ),
    "a prefix of another version": Case(
        lambda made, _: edit(made.prefix / "pyiismod.json", format=0),
        RuntimeBroken,
        ("prefix", "another version of pyiismod"),
        INSTALL,
    ),
    "somebody else's prefix": Case(
        lambda made, monkeypatch: monkeypatch.setattr(prefix.os, "getuid", lambda: 123456),
        RuntimeBroken,
        ("belongs to another user",),
        "Set PYIISMOD_HOME to a directory of yours",
    ),
    "another Wine since": Case(
        lambda made, _: executable(made.programs / "wine64", "#!/bin/sh\necho wine-11.0 of another size\n"),
        RuntimeBroken,
        ("Wine has changed", "it was wine-8.0"),
        INSTALL,
    ),
    "no supervisor": Case(
        lambda made, _: (made.bin / "supervisor.exe").unlink(),
        RuntimeBroken,
        ("supervisor.exe is not part of this copy",),
        "pip install --force-reinstall pyiismod",
    ),
    "modules cannot be written": Case(
        lambda made, _: (made.home / "bundles").touch(),
        RuntimeBroken,
        ("cannot be written",),
        "PYIISMOD_HOME",
    ),
    "own Python: nothing there": Case(
        own(shutil.rmtree), RuntimeMissing, ("PYIISMOD_WINDOWS_PYTHON", "there is no"), "Name python.exe"
    ),
    "own Python: no python.exe": Case(
        own(lambda root: (root / "python.exe").unlink()),
        RuntimeMissing,
        ("there is no", "python.exe"),
        "Name python.exe",
    ),
    "own Python: a script": Case(
        own(lambda root: executable(root / "python.exe")), RuntimeBroken, ("is no Windows program",), "Name a 64-bit"
    ),
    "own Python: 32 bits": Case(
        own(lambda root: program(root / "python.exe", 0x14C)), RuntimeBroken, ("is a 32-bit program",), "Name a 64-bit"
    ),
    "own Python: ARM64": Case(
        own(lambda root: program(root / "python.exe", 0xAA64)), RuntimeBroken, ("a program for ARM64",), "Name a 64-bit"
    ),
    "own Python: another minor": Case(
        own(lambda root: (root / DLL).rename(root / "python399.dll")),
        RuntimeBroken,
        (f"is not Python {MINOR}",),
        f"Name a Python {MINOR}",
    ),
    "own Python: no cffi": Case(
        own(lambda root: (root / "_cffi_backend.pyd").unlink()),
        RuntimeBroken,
        ("the package cffi is not installed",),
        "pyiismod runtime install --from",
    ),
    "own Python: no msgspec": Case(
        own(lambda root: shutil.rmtree(root / "Lib" / "site-packages" / "msgspec")),
        RuntimeBroken,
        ("the package msgspec is not installed",),
        "pyiismod runtime install --from",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said(name: str, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    case.damage(installation, monkeypatch)
    with pytest.raises(PyiismodError) as caught:
        find()
    assert type(caught.value) is case.error
    assert caught.value.exit_code == 3
    assert [word for word in case.words if word not in caught.value.message] == []
    assert case.hint in caught.value.hint


def test_the_installed_python(installation: Installation) -> None:
    runtime = find()
    assert runtime.needs_wine
    assert runtime.loader == [str(installation.programs / "wine64")]
    assert runtime.python == str(installation.python / "python.exe")
    assert runtime.supervisor == installation.bin / "supervisor.exe"
    program = runtime.to_windows(installation.python / "python.exe")
    assert runtime.windows_command("-c", "x") == [program, "-X", "utf8", "-c", "x"]
    assert runtime.module_command("json", "a") == [*runtime.loader, program, "-X", "utf8", "-m", "json", "a"]
    assert runtime.describe()["version"] == "3.11.9"


def test_a_wine_with_one_loader_for_all(installation: Installation) -> None:
    (installation.programs / "wine64").rename(installation.programs / "wine")
    (installation.programs / "wine").write_bytes(b"\x7fELF\x02" + bytes(59))
    assert wine.locate().loader == installation.programs / "wine"


def test_the_environment_is_ours(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "WINEPREFIX", "WINEDEBUG", "DISPLAY", "LC_CTYPE"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("THEIR_SETTING", "kept")
    env = find().environment()
    assert env["WINEPREFIX"] == str(installation.prefix)
    assert env["WINEDEBUG"] == "-all"
    assert env["THEIR_SETTING"] == "kept"
    assert "theirs" not in env.values()
    assert find().environment() is not find().environment()


def test_a_python_of_ones_own_runs_the_finder(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    root = named(installation, monkeypatch)
    shutil.rmtree(installation.python)
    command = find().windows_command("-m", "x")
    assert command[0] == find().to_windows(root / "python.exe")
    assert command[1:4] == ["-I", "-X", "utf8"]
    assert command[4].endswith("\\pyiismod\\runtime\\finder.py")
    assert command[5:] == ["-m", "x"]
    monkeypatch.delenv("PYIISMOD_WINDOWS_PYTHON")
    assert find(str(root / "python.exe")).windows_command("-m", "x") == command


def test_on_windows_the_debugger_gets_the_base_interpreter(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment's python.exe would start it as a child."""
    monkeypatch.setattr(interpreter.sys, "platform", "win32")
    monkeypatch.setattr(interpreter.sys, "executable", "C:\\venv\\Scripts\\python.exe")
    monkeypatch.setattr(interpreter.sys, "_base_executable", "C:\\Python\\python.exe", raising=False)
    runtime = find()
    assert runtime.command("-c", "x") == ["C:\\Python\\python.exe", "-X", "utf8", "-c", "x"]
    assert runtime.environment()["__PYVENV_LAUNCHER__"] == "C:\\venv\\Scripts\\python.exe"
    assert not runtime.needs_wine
    assert runtime.warm_up() is False
    monkeypatch.setattr(interpreter.sys, "executable", "C:\\Python\\python.exe")
    assert "__PYVENV_LAUNCHER__" not in find().environment()


def test_a_32_bit_python_on_windows_is_refused(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter.sys, "platform", "win32")
    monkeypatch.setattr(interpreter.struct, "calcsize", lambda _: 4)
    with pytest.raises(RuntimeMissing, match="32-bit program"):
        find()
