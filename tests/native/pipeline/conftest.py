"""Servers with modules from ``native/modules`` in both builds, and the schedules that every module has to bear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod import Server

SCHEDULES = ("threaded", "inline", "early", 0, 1, 2, 3)
"""All the names, and seeds that mix them."""

Load = Callable[..., Server]


@pytest.fixture(params=["", ".msvc"], ids=["mingw", "msvc"])
def both(request: pytest.FixtureRequest, server: Callable[..., Server], dll: Callable[[str], Path]) -> Load:
    """Load modules by name, in this order, in one of the two builds."""

    def load(*names: str, **options: object) -> Server:
        iis = server(**options)
        for name in names:
            iis.load(dll(f"{name}{request.param}"))
        return iis

    return load


@pytest.fixture
def load(server: Callable[..., Server], dll: Callable[[str], Path]) -> Load:
    """Load modules by name, in this order, as MSVC builds them."""

    def load(*names: str, **options: object) -> Server:
        iis = server(**options)
        for name in names:
            iis.load(dll(f"{name}.msvc"))
        return iis

    return load
