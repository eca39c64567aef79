"""A real port: ``pyiismod serve`` in a process of its own, and clients that everybody has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serve_clients import Serving

from pyiismod.runtime import Runtime


@pytest.fixture
def serve(windows: Runtime, tmp_path: Path, dll: Callable[[str], Path]) -> Iterator[Callable[..., Serving]]:
    """Start ``pyiismod serve`` with a fixture; it ends with the test."""
    with ExitStack() as stack:

        def start(module: str, *arguments: Any) -> Serving:
            reports = ("--reports", str(tmp_path / "reports"))
            serving = Serving(str(dll(module)), *map(str, arguments), *reports, cwd=tmp_path)
            stack.callback(serving.stop)
            return serving

        yield start
