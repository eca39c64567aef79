"""Many requests at once over modules that complete from their own threads: none is lost, nothing is left (2.2, 2.4).

``python -m tests.bench.stress 8 10000`` is the same for longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from schedules import SCHEDULES, Load

from pyiismod import Server
from tests.bench.resident import resident

THREADS = 8
MEGABYTE = 1 << 20


def hammer(iis: Server, each: int) -> None:
    """Send ``each`` requests from every thread; all of them must be answered with their own query string."""

    def work(thread: int) -> list[str]:
        wrong = []
        for number in range(each):
            response = iis.get(f"/?{thread}-{number}")
            if (response.status, response.text, response.trace.violations) != (200, f"{thread}-{number}", ()):
                wrong.append(f"{thread}-{number}: {response.status} {response.text!r} {response.trace.violations}")
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert [line for wrong in pool.map(work, range(THREADS)) for line in wrong] == []


def counts(iis: Server) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", iis.get("/?counts").text)}


def test_no_request_is_lost_and_no_object_is_left(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """2.2: one GetHttpModule and one Dispose a request; and the worker's memory stays flat."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # the worker's command line names its directory there
    iis = load("async_stress")
    hammer(iis, 250)
    before = resident(tmp_path.name)
    hammer(iis, 250)
    assert resident(tmp_path.name) - before < 4 * MEGABYTE
    found = counts(iis)
    assert found["created"] == found["disposed"] + 1 == THREADS * 500 + 1
    assert found["posted"] + found["indicated"] == THREADS * 500
    iis.close()
    assert iis.trace.violations == ()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_under_every_schedule(schedule: str | int, both: Load) -> None:
    iis = both("order_a", "async_stress", "order_b", schedule=schedule)
    hammer(iis, 20)
    found = counts(iis)
    assert found["created"] == found["disposed"] + 1 == THREADS * 20 + 1


def test_operations_of_many_requests_at_once(both: Load) -> None:
    """2.4: reads and writes in full duplex, of eight requests, with seeds that differ."""
    iis = both("async_full_duplex", upload_read_ahead=0)
    body = b"x" * 20000

    def work(seed: int) -> str:
        return iis.post("/", content=body, schedule=seed).text

    with ThreadPoolExecutor(THREADS) as pool:
        answers = set(pool.map(work, range(160)))
    assert len(answers) == 1
    assert f"| {len(body)} bytes, checksum" in answers.pop()


def test_loading_while_requests_run(load: Load, dll: Callable[[str], Path]) -> None:
    """A request keeps the plan that it began with; the module takes part in later ones."""
    iis = load("async_stress")
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(lambda: [iis.load(dll("order_a.msvc")), iis.load(dll("order_b.msvc"))])
        hammer(iis, 10)
        loading.result()
    told = iis.get("/?x").headers["X-Order"]
    assert told.startswith("a:LogRequest, b:LogRequest, a:PostLogRequest")
