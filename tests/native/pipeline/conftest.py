"""Servers with modules from ``native/modules`` in both builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from schedules import Load

from pyiismod import Server


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
