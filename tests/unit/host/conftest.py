"""A fake IIS without DLLs for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import globalcall
import pytest
from childcall import is_child
from nativecall import CONTINUE, Host, Native

from pyiismod.host import win32


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def pool(threads_anywhere: None) -> Iterator[None]:
    """Let the test use the pool's threads; what a slot of a test's module raises fails the test."""
    yield
    globalcall.check()


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


@pytest.fixture
def in_parent(host: Host) -> Callable[..., Any]:
    """Fire a request whose handler is ``parent``; in child requests it is ``child``."""

    def fire(parent: Callable[..., int], child: Callable[..., int] | None = None, **more: Any) -> Any:
        def handle(context: Native, provider: Native) -> int:
            if is_child(context):
                return child(context) if child is not None else CONTINUE
            return parent(context)

        if not host.iis.modules:
            host.load("both", {"OnExecuteRequestHandler": handle})
        return host.fire(**more)

    return fire


@pytest.fixture(scope="session")
def threads_anywhere() -> Iterator[None]:
    """Let the pool's threads run without Windows. Some start later than the test that needs them ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(win32, "join_apartment", lambda: None)
        yield
