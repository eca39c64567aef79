"""Many threads, many requests, a module that completes from its own threads: ``python -m tests.bench.stress 8 10000``.

Every answer has to be right and every module object disposed of; it prints what a request took, and how much memory
the worker has.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyiismod
from tests.bench.resident import own_workers, resident

STRESS = Path(__file__).parents[2] / "fixtures/async_stress.dll"
ROUNDS = 10


def hammer(iis: pyiismod.Server, threads: int, each: int) -> float:
    """Send ``each`` requests from every one of ``threads``; return microseconds a request."""

    def work(thread: int) -> None:
        for number in range(each):
            query = f"{thread}-{number}"
            if (found := iis.get(f"/?{query}").text) != query:
                raise SystemExit(f"{query} was answered with {found!r}")

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return (time.perf_counter() - started) / (threads * each) * 1e6


def main(threads: int, requests: int) -> None:
    """Print a line for each tenth of the requests, and at the end what the module has counted."""
    with own_workers(), pyiismod.Server() as iis:
        iis.load(STRESS)
        for done in range(1, ROUNDS + 1):
            each = hammer(iis, threads, requests // ROUNDS)
            sent = done * threads * (requests // ROUNDS)
            print(f"{sent:7} requests  {each:6.0f} µs each  {resident() >> 20} MB", flush=True)
        print(iis.get("/?counts").text)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("8", "10000")))
