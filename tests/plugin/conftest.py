"""pytest in pytest: each test is a small project of a user's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime


@pytest.fixture
def project(pytester: pytest.Pytester, windows: Runtime) -> pytest.Pytester:
    """An empty folder that is a project."""
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\n")
    return pytester


@pytest.fixture
def hello(dll: Callable[[str], Path]) -> str:
    """The path of the simplest module."""
    return str(dll("hello"))
