"""What the faces cost: a test of the plugin, and a real port under load."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pyiismod
from pyiismod import runtime

HELLO = Path(__file__).parents[2] / "fixtures/hello.dll"

_TESTS = """import pytest
@pytest.mark.parametrize("number", range(200))
def test_answers(iis, iis_module, number):
    assert iis.get("/").text == "Hello World"
"""
_NOTHING = """import pytest
@pytest.mark.parametrize("number", range(200))
def test_nothing(number):
    assert number is not None
"""
_BARE = """import sys
from pyiismod import port
async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"11")]})
    await send({"type": "http.response.body", "body": b"Hello World"})
with port.listen("127.0.0.1", 0) as listening:
    print("Listening on", port.url_of(listening), flush=True)
    port.run(app, listening)
"""


def set_up(windows: runtime.Runtime) -> float:
    """Return milliseconds that the fixtures ``iis`` and ``iis_module`` take on a pooled worker: the median of 100."""
    found = []
    with pyiismod.WorkerPool(windows) as pool:
        for _ in range(101):
            started = time.perf_counter()
            server = pyiismod.Server(pool=pool)
            server.load(HELLO)
            found.append((time.perf_counter() - started) * 1000)
            server.close()
    return median(found[1:])


def suites() -> tuple[float, float]:
    """Return the seconds of 200 tests of one request each, and those of 200 tests of nothing."""
    return _suite(_TESTS), _suite(_NOTHING)


def _suite(text: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_bench.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", folder]
        started = time.perf_counter()
        subprocess.run([*command, "--iismod-dll", str(HELLO)], check=True, capture_output=True)
        return time.perf_counter() - started


def port_under_load(seconds: int = 8) -> tuple[float, float, float]:
    """Return requests a second of ``hello`` behind ``pyiismod serve`` at 64 connections, their 99th percentile in ms,
    and requests a second of the same port without a worker.
    """
    served, slow = _load([sys.executable, "-m", "pyiismod", "serve", str(HELLO), "--port", "0"], seconds)
    return served, slow, _load([sys.executable, "-c", _BARE], seconds)[0]


def _load(command: list[str], seconds: int) -> tuple[float, float]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise AssertionError("Popen was asked for a pipe")
            url = next(line.split()[2] for line in process.stdout if line.startswith("Listening on "))
            # The log goes on being read, or the port would wait for us.
            with subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL) as drain:
                for duration in (2, seconds):  # the first one warms up
                    wrk = ["wrk", "-t1", "-c64", f"-d{duration}s", "--latency", url]
                    said = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
                process.terminate()
                process.wait(30)
                drain.wait(30)
        finally:
            if process.poll() is None:
                process.kill()
    if "Socket errors" in said or "Non-2xx" in said:
        raise SystemExit(f"requests failed:\n{said}")
    rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if rate is None or slow is None:
        raise SystemExit(f"wrk said something else:\n{said}")
    return float(rate[1]), float(slow[1]) * {"us": 0.001, "ms": 1, "s": 1000}[slow[2]]
