"""Leaks: what grows from request to request, as a slope with its confidence.

Equal requests are fired in batches. After each, the worker says what it holds: handles, threads, blocks of its heaps,
bytes. A line is fitted through the samples; it is taken for a leak when the whole 99 % confidence interval of its slope
lies above what counts as growth, and when most samples are larger than the one before: a table that doubled once is no
leak. What the host itself keeps for a while has come to its end in a warm-up before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import sqrt
from time import monotonic
from typing import TYPE_CHECKING, Final

from pyiismod.checking.report import Slope
from pyiismod.rules import Rule
from pyiismod.rules.lifetime import HANDLE_LEAK, MEMORY_LEAK, THREAD_LEAK

if TYPE_CHECKING:
    from pyiismod.server import Server

__all__ = ["FEWEST", "REQUESTS", "SAMPLES", "SECONDS", "fit", "judge", "measure"]

REQUESTS: Final = dict(enumerate((0, 0, 0, 0, 0, 600, 1000, 2000, 4000, 8000, 16000)))
"""Equal requests by level."""
SECONDS: Final = dict(enumerate((0, 0, 0, 0, 0, 2, 4, 8, 20, 60, 120)))
"""What they may take by level."""

SAMPLES: Final = 12
FEWEST: Final = 100
"""Requests that say something."""
_RISES: Final = 0.7
_WARM_UP: Final = 1600
"""Requests until the host's quarantine of ended objects is full."""
_T: Final = 3.169  # Student's t for 99 % on both sides with SAMPLES - 2 degrees of freedom

_GROWTH: Final = {
    "handles": 0.05,
    "threads": 0.05,
    "heap blocks": 0.2,
    "heap bytes": 24.0,
    "private bytes": 256.0,
    "module objects": 0.01,
    "stored contexts": 0.01,
}
"""What counts as growth, for each request."""

_RULES: Final = (("handles", HANDLE_LEAK), ("threads", THREAD_LEAK))
_MEMORY: Final = ("heap blocks", "heap bytes", "module objects", "stored contexts")


def measure(iis: Server, count: int, seconds: float) -> list[Slope]:
    """Fire equal requests, and more to warm up; return how everything grows.

    Args:
        iis: with the module.
        count: how many.
        seconds: that the warm-up and the rest may take each; with slow modules there are fewer requests.
    """
    started, fired_before = monotonic(), 0
    while fired_before < _WARM_UP and (fired_before < SAMPLES or monotonic() - started < seconds):
        iis.get("/")
        fired_before += 1
    rate = fired_before / (monotonic() - started)
    batch = max(1, min(count, int(rate * seconds)) // (SAMPLES - 1))
    samples = []
    for number in range(SAMPLES):
        used = iis.usage()
        samples.append(
            {
                "handles": used.handles,
                "threads": used.threads,
                "heap blocks": used.heap_blocks,
                "heap bytes": used.heap_bytes,
                "private bytes": used.private_bytes,
                "module objects": used.created - used.disposed,
                "stored contexts": used.kept - used.cleaned,
            }
        )
        if number < SAMPLES - 1:
            for _ in range(batch):
                iis.get("/")
    fired = [number * batch for number in range(SAMPLES)]
    return [fit(what, fired, [sample[what] for sample in samples]) for what in _GROWTH]


def fit(what: str, fired: list[int], held: list[int]) -> Slope:
    """Return the slope of a line through the samples.

    Args:
        what: a key of what counts as growth.
        fired: requests before each sample.
        held: what was held then.
    """
    n = len(fired)
    mean_x, mean_y = sum(fired) / n, sum(held) / n
    spread = sum((x - mean_x) ** 2 for x in fired)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(fired, held, strict=True)) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in zip(fired, held, strict=True))
    error = _T * sqrt(rest / (n - 2) / spread)
    rises = sum(after > before for before, after in pairwise(held))
    grows = slope - error > _GROWTH[what] and rises >= _RISES * (n - 1)
    return Slope(what=what, per_request=slope, error=error, requests=fired[-1], grows=grows)


def judge(slopes: list[Slope]) -> Iterator[tuple[Rule, str]]:
    """Yield the rules that growth breaks, in words. Memory is one finding, by all its signs."""
    growing = {slope.what: slope for slope in slopes if slope.grows}
    for what, rule in _RULES:
        if what in growing:
            yield rule, _words(growing[what])
    if "threads" in growing:
        return  # each holds memory
    if signs := [_words(growing[what]) for what in _MEMORY if what in growing]:
        yield MEMORY_LEAK, "; ".join(signs)


def _words(slope: Slope) -> str:
    return f"{slope.per_request:.2f} ± {slope.error:.2f} {slope.what} more with each of {slope.requests} equal requests"
