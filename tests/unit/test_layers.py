"""Who may import whom (docs/architecture.md, "Layers"), read from the source: nothing is imported for it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import pyiismod

ROOT = Path(pyiismod.__file__).parent

API = {
    *("asyncstreaming", "checking", "content", "conversation", "guarded", "handler", "happenings", "headers"),
    *("module", "pool", "request", "response", "server", "streaming", "trace", "workplace"),
}
FACES = {
    *("cli", "report", "pytest_plugin", "ftw_items", "testing", "asgi", "transport", "port", "starter"),
    "__main__",
}
MAY_IMPORT = {
    "abi": set(),
    "errors": set(),
    "rules": set(),
    "pipeline": {"abi"},
    "host": {"pipeline", "abi", "errors", "rules"},
    "runtime": {"errors"},
    "inspection": {"abi", "errors"},
    "worker": {"host", "pipeline", "runtime", "abi", "errors", ""},
    **{name: {*API, "worker", "runtime", "inspection", "abi", "errors", "rules"} for name in API},
    "replay": {*API, "errors", ""},
    "probing": {*API, "replay", "worker", "runtime", "inspection", "abi", "errors", "rules"},
    **{
        name: {
            *FACES,
            *API,
            "probing",
            "replay",
            "worker",
            "runtime",
            "inspection",
            "abi",
            "errors",
            "rules",
            "host",
            "",
        }
        for name in FACES
    },
    "": {*API, "worker", "errors"},  # pyiismod/__init__.py itself
}
THIRD_PARTY = {
    "abi": set(),
    "errors": set(),
    "rules": set(),
    "pipeline": set(),
    "host": {"cffi", "_cffi_backend"},
    "runtime": {"platformdirs"},
    "inspection": {"pefile", "msgspec", "capstone", "yara"},
    "worker": {"msgspec"},
    **{name: set() for name in API},
    "probing": {"msgspec"},
    "cli": {"rich", "typer", "click"},
    "report": {"rich"},
    "pytest_plugin": {"pytest"},
    "ftw_items": {"pytest"},
    "asgi": set(),
    "testing": set(),
    "transport": {"httpx2", "httpx"},
    "port": {"uvicorn", "httptools"},
    "replay": {"yaml"},
    "starter": set(),
    "__main__": set(),
    "": set(),
}
WORKER_SIDE = ("pyiismod.worker.serve", "pyiismod.worker.engine")
OUR_SIDE = {"runtime", "inspection", "probing", "replay", *API, *FACES}
SLOW_TO_IMPORT = {"asyncio", "dataclasses", "email", "http", "inspect", "logging", "subprocess", "tempfile", "ssl"}


class Import(NamedTuple):
    module: str
    """Dotted name of what is imported: a module of ours, or the top of somebody else's."""
    runs: bool
    """Whether it happens when the importing module is loaded."""


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("pyiismod", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def group(module: str) -> str:
    """Return the package or top-level file that a module of ours belongs to; "" for pyiismod itself."""
    return [*module.split("."), ""][1]


@cache
def imports(module: str) -> list[Import]:
    return list(_imports(ast.parse(MODULES[module].read_text(encoding="utf-8")), True))


def _imports(node: ast.AST, runs: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(_known(alias.name), runs) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                yield Import(_known(f"{child.module}.{alias.name}"), runs)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports(child, False)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from _imports(ast.Module(child.body, []), False)
            yield from _imports(ast.Module(child.orelse, []), runs)
        else:
            yield from _imports(child, runs)


def _known(name: str) -> str:
    """Return the module in which a dotted name is found: ours in full, others by their top."""
    if not name.startswith("pyiismod"):
        return name.partition(".")[0]
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def closure(*start: str) -> set[str]:
    """Return everything that loading these modules loads, packages above included."""
    seen: set[str] = set()
    todo = list(start)
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        if module in MODULES:
            todo += [i.module for i in imports(module) if i.runs]
            todo += [module.rpartition(".")[0]] if "." in module else []
    return seen


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_down_and_other_peoples_code_comes_in_where_it_belongs(module: str) -> None:
    """cffi through host, pefile through inspection, rich and typer through what people see, nothing else anywhere."""
    allowed = MAY_IMPORT[group(module)] | {group(module)}
    found = {i.module for i in imports(module)}
    ours = {name for name in found if name.startswith("pyiismod")}
    assert [name for name in ours if group(name) not in allowed] == []
    assert found - ours - sys.stdlib_module_names - THIRD_PARTY[group(module)] == set()


def test_the_tables_above_name_what_there_is() -> None:
    assert {group(module) for module in MODULES} <= set(MAY_IMPORT)
    assert set(MAY_IMPORT) == set(THIRD_PARTY)


def test_no_module_needs_itself_to_load() -> None:
    """Packages are left out: they may collect what is below them."""
    plain = {m for m in MODULES if MODULES[m].stem != "__init__"}
    needs = {m: {i.module for i in imports(m) if i.runs and i.module in plain} for m in plain}
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def test_the_workers_side_needs_nothing_of_ours() -> None:
    """It has only cffi and msgspec, and no time to lose."""
    loaded = closure(*WORKER_SIDE)
    assert {m for m in loaded if m.startswith("pyiismod") and group(m) in OUR_SIDE} == set()
    assert "pyiismod.worker.client" not in loaded
    others = {m for m in loaded if not m.startswith("pyiismod")}
    assert others - sys.stdlib_module_names == {"_cffi_backend", "msgspec"}
    assert others & SLOW_TO_IMPORT == set()


def test_importing_pyiismod_loads_nothing() -> None:
    code = "import sys, pyiismod; print(*(m for m in sys.modules if m.startswith('pyiismod')))"
    command = [sys.executable, "-S", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["pyiismod"]


def test_every_public_name_is_there() -> None:
    for name in pyiismod.__all__:
        assert getattr(pyiismod, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = pyiismod.nonsense
