"""The command line without a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from cli_fakes import FakeServer

from pyiismod.cli.app import main


class Ran(NamedTuple):
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """The server that ``pyiismod run`` will find."""
    server = FakeServer()
    monkeypatch.setattr("pyiismod.server.Server", server)
    return server


@pytest.fixture
def pyiismod(
    fake: FakeServer, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Carry out one command line in this process."""
    for name in ("FORCE_COLOR", "NO_COLOR", "MSYSTEM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ran:
        code = main(list(arguments))
        out, err = capsysbinary.readouterr()
        return Ran(code, out, err.decode())

    return run
