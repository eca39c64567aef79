"""Reports as a check makes them, without a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyiismod.checking import Finding, Phase, Report, Slope, Where
from pyiismod.errors import ModuleCrashed
from pyiismod.rules import RULES


@pytest.fixture
def report() -> Report:
    """A module that crashes in one request, blocks in another, and has text that nobody may trust."""
    crash = ModuleCrashed(
        "bad.dll crashed in OnBeginRequest: access violation reading 0x18",
        hint="Look at it.",
        details={"module": "bad.dll", "notification": "OnBeginRequest", "code": 0xC0000005},
    )
    place = Where(
        phase="request <&>", module="bad.dll", notification="OnBeginRequest", address="bad.dll+0x1234",
        stack=("bad.dll+0x1234", "host.dll+0x1"),
    )  # fmt: skip
    return Report(
        path=Path("out/ä bad.dll"),
        level=5,
        seed=1,
        phases=[
            Phase(name="file", group="load", status="passed", seconds=0.001),
            Phase(name="request <&>", group="requests", status="failed", text=crash.message, error=crash),
            Phase(name="leaks", group="leaks", status="skipped", text="because of \x1b[31m that"),
        ],
        findings=[
            Finding(rule=RULES["IM060"], text=crash.message, where=place, count=3),
            Finding(rule=RULES["IM018"], text="100% slow\nand a comma, too", where=Where(phase="request <&>")),
            Finding(rule=RULES["IM070"], text="needs \x00 it", where=Where(phase="imports", call="msvcr110.dll")),
        ],
        slopes=[Slope(what="handles", per_request=1.0, error=0.1, requests=100, grows=True)],
        notes=["a note"],
        refused=["IHttpServer::GetAdminManager"],
        seconds=1.5,
    )
