"""pytest in pytest: each test is a small project of a user's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime, home


@pytest.fixture(scope="session")
def runtime_home() -> str:
    """Where the runtime is installed."""
    return str(home())


@pytest.fixture
def project(
    windows: Runtime, runtime_home: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """An empty folder that is a project; pytester gives it a home of its own, but the runtime is that of all."""
    monkeypatch.setenv("PYIISMOD_HOME", runtime_home)
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\n")
    return pytester


@pytest.fixture
def hello(dll: Callable[[str], Path]) -> str:
    """The path of the simplest module."""
    return str(dll("hello"))
