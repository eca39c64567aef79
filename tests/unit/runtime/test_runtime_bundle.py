"""Bundles and start.frozen, read back as the finder and python.exe read them."""

from __future__ import annotations

import marshal
import os
import struct
from pathlib import Path

import pytest

from pyiismod.runtime.bundle import Module, application_bundle, find_modules, write_bundle, write_frozen


@pytest.fixture
def package(tmp_path: Path) -> Path:
    root = tmp_path / "src" / "demo"
    for name, source in {
        "__init__.py": "value = 1",
        "part.py": "value = 2",
        "sub/__init__.py": "",
        "sub/deep.py": "value = 3",
        "sub/_native.cp311-win_amd64.pyd": "",
        "tests/test_demo.py": "",
        "not-a-module.py": "",
        "broken.py": "print 'Python 2'",
        "data.txt": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source)
    return root


def read(bundle: Path) -> tuple[dict[str, tuple[str, str, int, int]], bytes]:
    data = bundle.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    return marshal.loads(data[8:end]), data[end:]


def value_of(bundle: Path, name: str) -> object:
    index, code = read(bundle)
    _, _, offset, size = index[name]
    namespace: dict[str, object] = {}
    exec(marshal.loads(code[offset : offset + size]), namespace)
    return namespace.get("value")


def test_modules_are_found_by_their_names(package: Path) -> None:
    found = {module.name: module for module in find_modules(package, prefix="demo.", skip=frozenset({"tests"}))}
    assert sorted(found) == ["demo", "demo.broken", "demo.part", "demo.sub", "demo.sub._native", "demo.sub.deep"]
    assert [name for name, module in found.items() if module.package] == ["demo", "demo.sub"]
    assert [name for name, module in found.items() if module.extension] == ["demo.sub._native"]


def test_a_bundle_has_code_and_windows_paths(package: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "a.bundle"
    written = write_bundle(bundle, find_modules(package, prefix="demo."), {package: "Z:\\src\\demo"})
    index, _ = read(bundle)
    assert written == len(index)
    assert index["demo"][:2] == ("Z:\\src\\demo\\__init__.py", "Z:\\src\\demo")
    assert index["demo.sub.deep"][:2] == ("Z:\\src\\demo\\sub\\deep.py", "")
    assert index["demo.sub._native"] == ("Z:\\src\\demo\\sub\\_native.cp311-win_amd64.pyd", "", 0, 0)
    assert [value_of(bundle, name) for name in ("demo", "demo.part", "demo.sub.deep")] == [1, 2, 3]
    assert "demo.broken" not in index


def test_a_module_from_nowhere_leaves_the_old_bundle(package: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "a.bundle"
    bundle.write_text("old")
    with pytest.raises(ValueError, match="none of the directories"):
        write_bundle(bundle, [Module("x", tmp_path / "x.py")], {package: "Z:\\src"})
    assert bundle.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bundle", "src"]


def test_no_byte_code_is_left_beside_the_sources(package: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "a.bundle", find_modules(package, prefix="demo."), {package: "Z:\\src\\demo"})
    assert list(package.rglob("__pycache__")) == []


def test_start_frozen_has_the_layout_of_python_c(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "start.frozen"
    write_frozen(target, [Module("demo", package / "__init__.py", package=True), Module("part", package / "part.py")])
    data = target.read_bytes()
    magic, count = struct.unpack_from("<8sI", data)
    assert (magic, count) == (b"PYIIFRZ1", 2)
    values = {}
    for entry in range(count):
        name, code, size, is_package = struct.unpack_from("<4I", data, 12 + 16 * entry)
        namespace: dict[str, object] = {}
        exec(marshal.loads(data[code : code + size]), namespace)
        values[data[name : data.index(b"\0", name)].decode()] = (namespace["value"], is_package)
    assert values == {"demo": (1, 1), "part": (2, 0)}


def test_what_does_not_compile_cannot_be_frozen(package: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"broken\.py does not compile"):
        write_frozen(tmp_path / "start.frozen", [Module("broken", package / "broken.py")])


def test_the_application_bundle_is_made_anew_when_a_source_changes(package: Path, tmp_path: Path) -> None:
    bundles = tmp_path / "bundles"
    first = application_bundle(bundles, package, "Z:\\src\\demo")
    assert application_bundle(bundles, package, "Z:\\src\\demo") == first
    assert value_of(first, "demo.part") == 2
    (package / "part.py").write_text("value = 22")
    second = application_bundle(bundles, package, "Z:\\src\\demo")
    assert second != first
    assert value_of(second, "demo.part") == 22
    (package / "more.py").write_text("value = 4")
    assert value_of(application_bundle(bundles, package, "Z:\\src\\demo"), "demo.more") == 4


def test_old_bundles_go_but_not_at_once(package: Path, tmp_path: Path) -> None:
    """A worker of another process may be starting with the one before."""
    bundles = tmp_path / "bundles"
    made = []
    for number in range(12):
        (package / "part.py").write_text(f"value = {10 + number}")
        os.utime(package / "part.py", (number, number))
        made.append(application_bundle(bundles, package, "Z:\\src\\demo"))
        os.utime(made[-1], (number, number))
    assert [path.exists() for path in made] == [False] * 4 + [True] * 8
