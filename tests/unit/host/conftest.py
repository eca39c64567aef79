"""A fake IIS without DLLs for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nativecall import Host

from pyiismod.host import win32


@pytest.fixture(autouse=True)
def no_com(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of the pool have no apartment to join outside of Windows."""
    monkeypatch.setattr(win32, "join_apartment", lambda: None)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def exchange(host: Host) -> Iterator[Callable[..., Any]]:
    """Open requests that end with the test; a fault of the host's own Python fails it."""
    opened: list[Any] = []

    def open_(*args: Any, settings: dict[str, Any] | None = None, **more: Any) -> Any:
        opened.append((Host(**settings) if settings else host).open(*args, **more))
        return opened[-1]

    yield open_
    for each in opened:
        each._end()
        assert each.timeline.faults == []
