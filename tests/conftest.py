"""Fixtures for all levels: committed DLLs, servers that end with their test, and the runtime's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import pyiismod
from pyiismod import runtime

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"

_LEVELS = ("unit", "native", "inprocess", "bench")
_USED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder below ``tests`` is the level: its name is the marker."""
    for item in items:
        level = item.path.relative_to(ROOT / "tests").parts[0]
        if level in _LEVELS:
            item.add_marker(level)


@pytest.fixture(scope="session")
def dll() -> Callable[[str], Path]:
    """A committed fixture DLL by name: ``dll("hello")``, ``dll("hello.msvc")``."""

    def find(name: str) -> Path:
        path = FIXTURES / f"{name}.dll"
        assert path.is_file(), f"no fixture {path.name}; run: make fixtures"
        return path

    return find


@pytest.fixture(scope="session")
def windows(request: pytest.FixtureRequest) -> runtime.Runtime:
    """The runtime; what it keeps running ends with the session, that of all processes of it."""
    request.config.stash[_USED] = True
    return runtime.find()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of several processes of the session is through: remember what it used."""
    if getattr(node, "workeroutput", {}).get("runtime"):
        node.config.stash[_USED] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what the runtime keeps running, or tell the session's main process that it has to."""
    if _USED not in session.config.stash:
        return
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["runtime"] = True
    else:
        runtime.find().shut_down()


@pytest.fixture
def server(windows: runtime.Runtime) -> Iterator[Callable[..., pyiismod.Server]]:
    """Make servers that end with the test."""
    with ExitStack() as stack:

        def make(**options: Any) -> pyiismod.Server:
            return stack.enter_context(pyiismod.Server(runtime=windows, **options))

        yield make
