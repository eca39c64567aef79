"""What a module prints is captured and never reaches the protocol; what it tells a debugger stands in the trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyiismod
from pyiismod.runtime import Runtime
from pyiismod.worker.client import WorkerClient
from pyiismod.worker.protocol import Configure, Fire, Fired, Load

PHASES = ("DllMain", "RegisterModule", "OnBeginRequest", "Dispose")
GET = Fire(0, "GET", "http", "localhost", "/", [], b"", ("127.0.0.1", 50000), ("127.0.0.1", 80))


def answer(windows: Runtime, path: Path) -> tuple[Fired, str]:
    """Load a module, send one request, end the worker; return the reply and what was printed."""
    with WorkerClient(windows) as worker:
        worker.call(Configure(0, {}))
        worker.call(Load(0, windows.to_windows(path), path.stem))
        reply = worker.call(GET)
        again = worker.call(GET)
    assert isinstance(reply, Fired)
    assert isinstance(again, Fired)
    assert again.body == reply.body
    return reply, worker.output.text()


def test_all_ways_to_print(windows: Runtime, dll: Callable[[str], Path]) -> None:
    for name in ("stdout_noise", "stdout_noise.msvc"):
        reply, output = answer(windows, dll(name))
        assert reply.body == b"quiet"
        for phase in PHASES:
            assert f"printf in {phase}\n" in output
            assert f"stderr in {phase}\n" in output
            assert output.count(f"WriteFile in {phase}\n") in (2, 4)


def test_a_flood(windows: Runtime, dll: Callable[[str], Path]) -> None:
    reply, output = answer(windows, dll("output_flood"))
    assert reply.body == b"dry"
    assert "bytes left out]\n~~~~" in output
    assert output.endswith("~\n")
    assert 900_000 < len(output) < 1_100_000


def test_a_module_that_closes_the_standard_handles(windows: Runtime, dll: Callable[[str], Path]) -> None:
    reply, output = answer(windows, dll("bad_closes_handles"))
    assert reply.body == b"closed"
    assert "nobody reads this" not in output


def test_debug_output_stands_where_it_was_written(
    server: Callable[..., pyiismod.Server], dll: Callable[[str], Path]
) -> None:
    iis = server()
    iis.load(dll("stdout_noise"))
    trace = iis.get("/").trace
    texts = [(e.notification, e.args["text"]) for e in trace if e.event == "output" and e.method == "OutputDebugString"]
    assert ("RQ_BEGIN_REQUEST", "OutputDebugStringA in OnBeginRequest\n") in texts
    assert ("RQ_BEGIN_REQUEST", "OutputDebugStringW: grüße 你好\n") in texts
