"""``make bench``: the numbers that the project promises, in one table, beside a yardstick from the same run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

import pyiismod
from pyiismod import runtime
from tests.bench import faces
from tests.bench.resident import own_workers, resident
from tests.bench.stress import STRESS, hammer

ROOT = Path(__file__).parents[2]
EVERY_STAGE = ROOT / "fixtures/every_stage.dll"
HELLO, ECHO = ROOT / "fixtures/hello.dll", ROOT / "fixtures/echo.dll"
COMPUTES = ROOT / "fixtures/computes.dll"
COMMAND = [sys.executable, "-m", "pyiismod"]
POUR, DRAIN = ROOT / "fixtures/body_pour.msvc.dll", ROOT / "fixtures/body_drain.msvc.dll"
MEGABYTE, GIGABYTE = 1 << 20, 1 << 30


def main() -> None:
    """Measure everything and print the table."""
    windows = runtime.find()
    table = Table("what", "measured", "wanted", "yardstick", "ratio", title="pyiismod bench")
    try:
        with own_workers():
            for measure in MEASURES:
                for row in measure(windows):
                    table.add_row(*row)
    finally:
        windows.shut_down()
    Console(width=120).print(table)


Rows = list[tuple[str, str, str, str, str]]


def cold_and_warm_start(windows: runtime.Runtime) -> Rows:
    """``pyiismod run`` from nothing, and with a wineserver alive; beside an interpreter that does nothing."""
    run = [*COMMAND, "run", str(HELLO), "GET", "/"]
    nothing = [*COMMAND, "exec", "--", "-c", "pass"]
    windows.shut_down()
    cold = wall(lambda: quiet(run), 1)
    warm, bare = wall(lambda: quiet(run), 7), wall(lambda: quiet(nothing), 7)
    return [
        row("run hello.dll GET /, cold", cold, 1.5, "s", bare, "exec -- -c pass"),
        row("run hello.dll GET /, warm", warm, 0.6, "s", bare, "exec -- -c pass"),
    ]


def inspection(windows: runtime.Runtime) -> Rows:
    """``pyiismod inspect`` of a module of 1 MB, beside an interpreter that imports the command line and ends."""
    with tempfile.TemporaryDirectory() as directory:
        big = Path(directory, "big.dll")
        big.write_bytes(megabyte_module())
        seconds = wall(lambda: quiet([*COMMAND, "inspect", str(big)]), 5)
    return [row("inspect of 1 MB", seconds, 1.5, "s", wall(lambda: quiet([*COMMAND, "--version"]), 5), "--version")]


def megabyte_module() -> bytes:
    """Return ``crash_cpp.dll``, which has a C++ run-time in it, with its last section grown by copies of its data."""
    data = bytearray((ROOT / "fixtures/crash_cpp.dll").read_bytes())
    start = int.from_bytes(data[0x3C:0x40], "little")
    sections = int.from_bytes(data[start + 6 : start + 8], "little")
    last = start + 24 + 240 + 40 * (sections - 1)
    more = (bytes(data) * 8)[: MEGABYTE - len(data)]
    for field in (last + 8, last + 16, start + 24 + 56):  # its two sizes, and SizeOfImage
        grown = int.from_bytes(data[field : field + 4], "little") + len(more)
        data[field : field + 4] = (grown + 0xFFF & ~0xFFF if field == start + 24 + 56 else grown).to_bytes(4, "little")
    return bytes(data) + more


def in_process(windows: runtime.Runtime) -> Rows:
    """One request without any pipe, beside vtables that do nothing: on ``hello``, and through all 24 notifications."""
    script, *modules = (windows.to_windows(path) for path in (Path(__file__).parent / "inside.py", HELLO, EVERY_STAGE))
    done = subprocess.run([*COMMAND, "exec", "--", script, *modules], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    bare = found["bare_us"]
    return [
        row("request on hello, in process", found["hello_us"], 60, "µs", bare, "bare stubs"),
        row("the same with its timeline", found["hello_recorded_us"], None, "µs", bare, "bare stubs"),
        row("12 notifications and posts, in process", found["every_stage_us"], 150, "µs", bare, "bare stubs"),
        row("the same with its timeline", found["every_stage_recorded_us"], None, "µs", bare, "bare stubs"),
    ]


def through_the_worker(windows: runtime.Runtime) -> Rows:
    """``Server.get`` there and back, beside the same without a module."""
    with pyiismod.Server(runtime=windows) as iis:
        empty = per_call(lambda: iis.get("/"))
        iis.load(HELLO)
        full = per_call(lambda: iis.get("/"))
    return [row("Server.get through the worker", full, 250, "µs", empty, "no module loaded")]


def big_body(windows: runtime.Runtime) -> Rows:
    """A 10 MB body there and back, beside an empty one."""
    body = bytes(range(256)) * (10 * MEGABYTE // 256)
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(ECHO)
        small, big = wall(lambda: iis.post("/", content=b""), 5), wall(lambda: iis.post("/", content=body), 5)
        if body not in iis.post("/", content=body).content:
            raise SystemExit("the body did not come back")
    return [row("POST of 10 MB, echoed", big, 1.0, "s", small, "empty body")]


def streams(windows: runtime.Runtime) -> Rows:
    """A gigabyte down and one up, in pieces, beside a bare pipe of the system; and what the worker grew by."""
    pipe = wall(lambda: quiet_pipe(GIGABYTE), 2)
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(POUR)
        before = take(iis, 64), resident()
        down, grown = wall(lambda: take(iis, 1024), 1), resident() - before[1]
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(DRAIN)
        iis.post("/", content=pieces(64))
        before_up = resident()
        up, grown_up = wall(lambda: iis.post("/", content=pieces(1024)), 1), resident() - before_up
    return [
        row("1 GB download", down, 10, "s", pipe, "bare pipe"),
        row("growth over 1 GB download", grown / MEGABYTE, 40, "MB", before[1] / MEGABYTE, "MB before"),
        row("1 GB upload", up, 10, "s", pipe, "bare pipe"),
        row("growth over 1 GB upload", grown_up / MEGABYTE, 40, "MB", before_up / MEGABYTE, "MB before"),
    ]


def take(iis: pyiismod.Server, megabytes: int) -> int:
    """Return the bytes of a streamed response."""
    with iis.stream("GET", f"/?{megabytes}") as response:
        return sum(len(piece) for piece in response)


def pieces(megabytes: int) -> Iterator[bytes]:
    """Yield so much content."""
    piece = bytes(MEGABYTE // 4)
    return (piece for _ in range(megabytes * 4))


def quiet_pipe(size: int) -> None:
    """Have a Python write so many bytes into a pipe, and read them."""
    script = (
        f"import os; piece = bytes({MEGABYTE // 4}); [os.write(1, piece) for _ in range({size // (MEGABYTE // 4)})]"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, bufsize=0) as process:
        if process.stdout is None:
            raise AssertionError("Popen was asked for a pipe")
        while process.stdout.read(MEGABYTE // 4):
            pass


def memory(windows: runtime.Runtime) -> Rows:
    """Growth of the worker over 20,000 requests, beside what it had after the first 2,000."""
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(HELLO)
        for _ in range(2000):
            iis.get("/")
        before = resident()
        for _ in range(20000):
            iis.get("/")
        growth = (resident() - before) / MEGABYTE
    return [row("growth over 20,000 requests", growth, 5, "MB", before / MEGABYTE, "MB before")]


def two_threads(windows: runtime.Runtime) -> Rows:
    """200 requests that compute, from two threads, beside one thread."""
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(COMPUTES)
        one, two = wall(lambda: share(iis, 1, 200), 5), wall(lambda: share(iis, 2, 200), 5)
    return [row("200 computing requests, 2 threads", two, one / 1.5, "s", one, "1 thread")]


def share(iis: pyiismod.Server, threads: int, requests: int) -> None:
    """Send requests from several threads."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: iis.get("/"), range(requests)))


def completions(windows: runtime.Runtime) -> Rows:
    """A request that a thread of the module's own completes: 10,000 from each of eight threads, beside one thread."""
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(STRESS)
        hammer(iis, 1, 100)
        one, eight = hammer(iis, 1, 1000), hammer(iis, 8, 10_000)
    return [row("completed by own threads, 8 × 10,000", eight, 2500, "µs", one, "1 client")]


def plugin(windows: runtime.Runtime) -> Rows:
    """The pytest plugin, beside tests of nothing."""
    with pyiismod.Server(runtime=windows) as iis:
        iis.load(HELLO)
        request = per_call(lambda: iis.get("/"))
    ours, nothing = faces.suites()
    return [
        row("set-up of a test, pooled worker", faces.set_up(windows), 5, "ms", request / 1000, "Server.get"),
        row("200 tests of one request", ours, 4, "s", nothing, "200 empty tests"),
    ]


def port(windows: runtime.Runtime) -> Rows:
    """``pyiismod serve`` and wrk at 64 connections, beside the same port without a worker."""
    rate, slow, bare = faces.port_under_load()
    return [
        (
            "hello on a real port, 64 connections",
            f"{rate:.0f}/s{'' if rate >= 1500 else '  ✗'}",
            "≥ 1500/s",
            f"no worker: {bare:.0f}/s",
            f"{rate / bare:.2f}",
        ),
        ("99th percentile of these", f"{slow:.3g} ms", "reported", "", ""),
    ]


MEASURES = (
    cold_and_warm_start,
    inspection,
    in_process,
    through_the_worker,
    big_body,
    streams,
    memory,
    two_threads,
    completions,
    plugin,
    port,
)


def per_call(action: Callable[[], object]) -> float:
    """Return microseconds a call, of the best of 20 batches of 100."""
    found = []
    for _ in range(20):
        started = time.perf_counter_ns()
        for _ in range(100):
            action()
        found.append((time.perf_counter_ns() - started) / 100 / 1000)
    return min(found)


def wall(action: Callable[[], object], times: int) -> float:
    """Return seconds of the best of ``times`` runs."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        found.append(time.perf_counter() - started)
    return min(found)


def quiet(command: list[str]) -> None:
    """Run a command and drop what it says."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def row(
    what: str, value: float, wanted: float | None, unit: str, yardstick: float, name: str
) -> tuple[str, str, str, str, str]:
    """Return a line of the table; what nothing is wanted of is reported."""
    number = f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
    verdict = "" if wanted is None or value <= wanted else "  ✗"
    limit = "reported" if wanted is None else f"≤ {wanted:g} {unit}"
    return what, number + verdict, limit, f"{name}: {yardstick:.3g}", f"{value / yardstick:.2f}"


if __name__ == "__main__":
    main()
