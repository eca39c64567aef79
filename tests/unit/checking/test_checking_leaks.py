"""Slopes: what grows is told from noise, from a step, and from what stays."""

from __future__ import annotations

import random

import pytest

from pyiismod.checking.leaks import SAMPLES, fit, judge

FIRED = [50 * i for i in range(SAMPLES)]


def test_a_steady_leak_has_its_slope_and_no_doubt() -> None:
    slope = fit("heap bytes", FIRED, [1000 + 200 * x for x in FIRED])
    assert slope.per_request == pytest.approx(200)
    assert slope.error == pytest.approx(0, abs=1e-6)
    assert slope.grows


def test_a_leak_in_noise_is_found_with_its_confidence() -> None:
    draw = random.Random(1)
    slope = fit("handles", FIRED, [40 + x + draw.randrange(8) for x in FIRED])
    assert abs(slope.per_request - 1) < slope.error < 0.1
    assert slope.grows


@pytest.mark.parametrize("seed", range(30))
def test_noise_is_no_leak(seed: int) -> None:
    draw = random.Random(seed)
    assert not fit("handles", FIRED, [40 + draw.randrange(6) for _ in FIRED]).grows
    assert not fit("heap blocks", FIRED, [5000 + draw.randrange(40) for _ in FIRED]).grows


def test_a_table_that_doubles_once_is_no_leak() -> None:
    held = [100_000] * 4 + [300_000] * (SAMPLES - 4)
    slope = fit("heap bytes", FIRED, held)
    assert slope.per_request - slope.error > 24
    assert not slope.grows


def test_memory_is_one_finding_and_threads_explain_it() -> None:
    blocks = fit("heap blocks", FIRED, FIRED)
    size = fit("heap bytes", FIRED, [200 * x for x in FIRED])
    threads = fit("threads", FIRED, [x // 10 for x in FIRED])
    assert [(rule.id, text.count(";")) for rule, text in judge([blocks, size])] == [("IM052", 1)]
    assert [rule.id for rule, _ in judge([blocks, threads])] == ["IM054"]
    assert list(judge([fit("handles", FIRED, [7] * SAMPLES)])) == []
