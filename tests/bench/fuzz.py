"""Mutated PE files by the thousand: each is inspected within 2 s and 300 MB, or refused with an error of ours.

    python -m tests.bench.fuzz [COUNT] [SEED]

The mutations are those of tests/unit/inspection/mutations.py; the same count and seed give the same files. Each
worker has a limit of memory: a file that takes more is named.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from multiprocessing import Pool

from pyiismod.errors import PyiismodError
from pyiismod.inspection.inspector import inspect_module
from tests.unit.inspection.mutations import FIXTURES, mutated

SECONDS = 2.0
MEGABYTES = 300


def limit() -> None:
    """Leave a worker 300 MB, and address space for the interpreter's and capstone's own libraries."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEGABYTES << 20, MEGABYTES << 20))


def one(number: int) -> tuple[int, float, str, str]:
    """Inspect mutation ``number``; return it with the seconds, the outcome, and what went wrong, if it did."""
    data = mutated(number)
    with tempfile.NamedTemporaryFile(suffix=".dll") as file:
        file.write(data)
        file.flush()
        start, wrong = time.process_time(), ""
        try:
            outcome = inspect_module(file.name).verdict.kind
        except PyiismodError as error:
            outcome = type(error).__name__
        except BaseException as error:
            outcome, wrong = "traceback", f"{type(error).__name__}: {error}"
        seconds = time.process_time() - start
    if seconds > SECONDS:
        wrong = wrong or f"it took {seconds:.1f} s"
    return number, seconds, outcome, wrong


def main(count: int = 20_000, seed: int = 0) -> int:
    """Inspect ``count`` files; return the exit code."""
    outcomes: dict[str, int] = {}
    slowest = (0.0, 0)
    bad = 0
    numbers = range(seed * 1_000_000, seed * 1_000_000 + count)
    with Pool(initializer=limit) as pool:
        for number, seconds, outcome, wrong in pool.imap_unordered(one, numbers, chunksize=50):
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            slowest = max(slowest, (seconds, number))
            if wrong:
                bad += 1
                print(f"mutation {number}: {wrong}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{count:,} files from {len(FIXTURES)} fixtures: {outcomes}")
    print(f"slowest {slowest[0]:.2f} s (mutation {slowest[1]}), largest process {peak} MB, {bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
