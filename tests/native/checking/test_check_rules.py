"""Every rule has one bad module that breaks it and no other; good modules break none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import pyiismod
from pyiismod import runtime
from pyiismod.checking import Options, Report
from pyiismod.rules import RULES

BAD = {
    "IM001": "bad_for_nothing",
    "IM002": "bad_never_told",
    "IM003": "bad_priority",
    "IM004": "bad_late_registration",
    "IM005": "not_overridden",
    "IM006": "bad_early_trace",
    "IM007": "fail_register",
    "IM008": "bad_overload_order",
    "IM009": "bad_debug_runtime",
    "IM010": "bad_completes_again",
    "IM011": "bad_never_completes",
    "IM012": "bad_outstanding",
    "IM013": "bad_posts_at_end",
    "IM014": "bad_two_operations",
    "IM015": "bad_nested_pending",
    "IM016": "bad_status",
    "IM017": "bad_late_context",
    "IM018": "bad_blocks",
    "IM019": "crash_cpp",
    "IM020": "bad_takes_body",
    "IM021": "bad_lends_stack",
    "IM022": "bad_many_chunks",
    "IM023": "bad_length",
    "IM024": "bad_late_header",
    "IM025": "bad_late_write",
    "IM026": "bad_chunk",
    "IM027": "bad_entity_size",
    "IM028": "bad_cookies",
    "IM029": "bad_redirect",
    "IM030": "bad_set_url",
    "IM031": "bad_sends_again",
    "IM032": "bad_late_handler",
    "IM033": "bad_url_string",
    "IM034": "bad_spins",
    "IM035": "bad_unchecked",
    "IM036": "bad_argument",
    "IM037": "bad_shrinking",
    "IM038": "bad_many_pieces",
    "IM039": "bad_chunked",
    "IM040": "bad_context_twice",
    "IM041": "bad_context_freed",
    "IM042": "bad_foreign_id",
    "IM043": "child_leak",
    "IM044": "bad_closes_token",
    "IM045": "bad_container",
    "IM046": "bad_monitor",
    "IM047": "bad_dereferences",
    "IM048": "bad_keeps_factory",
    "IM049": "bad_context_in_cleanup",
    "IM050": "bad_clone",
    "IM051": "bad_cache_early",
    "IM052": "bad_leaks_memory",
    "IM053": "bad_leaks_handles",
    "IM054": "bad_leaks_threads",
    "IM055": "bad_overrun",
    "IM056": "bad_keeps_memory",
    "IM060": "crash_read",
    "IM061": "crash_hang",
    "IM062": "crash_exit",
    "IM063": "bad_late_thread",
    "IM064": "bad_file_info",
    "IM065": "bad_created_context",
    "IM066": "null_module",
    "IM067": "get_module_fails",
    "IM070": "bad_redistributable",
    "IM071": "missing_dll",
}
MORE = {
    "IM021": ["bad_lends_freed"],
    "IM005": ["wrong_signature.msvc"],
    "IM028": ["bad_cookies.msvc"],
    "IM055": ["bad_overrun_little"],
}
LEAKS = ("IM052", "IM053", "IM054")
LIVES = {"IM033": 4, "IM055": 4, "IM056": 4, "IM035": 6}
"""Rule → the level whose lives show it; 1 for all others."""

CASES = [(rule, name) for rule, first in BAD.items() for name in (first, *MORE.get(rule, ()))]

FAULTY = {
    *("companion", "companion_broken", "decorated_export", "dllmain_false", "dllmain_throws"),
    *("isapi_export", "isapi_filter", "managed", "mangled_export", "missing_function", "missing_indirect"),
    *("missing_system_function", "no_export", "wrong_signature"),
    "async_slow",  # writes what a digit of the query says; without one it knows no bounds
    "objects",  # shows that the first context wins
    "child_sync",  # without a query it writes, executes a child that answers, and writes more
    "flush_early",  # shows what becomes of a header after the flush
    "wire_options",  # does what the letters of any query say, wrong lengths and crashes included
}
"""Samples that fail, or break rules, on purpose."""


def options(rule: str) -> Options:
    """Every rule, at the level whose lives show this one."""
    return Options(
        level=LIVES.get(rule, 1), only=list(RULES), timeout=4 if rule in ("IM011", "IM061") else 20,
        requests=110 if rule in LEAKS else 0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def reports(dll: Callable[[str], Path], windows: runtime.Runtime) -> dict[tuple[str, str], Report]:
    """All checks, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda case: pyiismod.check(dll(case[1]), options(case[0])), CASES)
        return dict(zip(CASES, made, strict=True))


def test_no_rule_is_left_out() -> None:
    assert set(BAD) == set(RULES)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_bad_module_breaks_exactly_its_rule(case: tuple[str, str], reports: dict[tuple[str, str], Report]) -> None:
    report = reports[case]
    assert {finding.rule.id for finding in report.findings} == {case[0]}, [str(f) for f in report.findings]
    first = report.findings[0]
    assert first.text
    assert first.where.phase
    severity = RULES[case[0]].severity
    assert report.is_fine is (severity != "error" and not report.failed)
    assert report.exit_code == int(severity == "error")


def good(fixtures: Path) -> list[str]:
    known = {*BAD.values(), *FAULTY}
    names = [path.stem for path in sorted(fixtures.glob("*.dll")) if path.stem.partition(".")[2] in ("", "msvc")]
    return [n for n in names if n.partition(".")[0] not in known and not n.startswith(("bad_", "crash_"))]


@pytest.mark.timeout(400)
def test_good_modules_break_no_rule(dll: Callable[[str], Path], windows: runtime.Runtime) -> None:
    names = [name for name in good(dll("hello").parent) if not name.endswith(".msvc")]
    assert len(names) > 70
    check = partial(pyiismod.check, options=Options(level=1, only=list(RULES), timeout=20))
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda name: check(dll(name)), names))
    found = {r.path.name: [f"{f.rule.id} {f.text}" for f in r.findings] for r in reports if r.findings}
    assert found == {}
    assert {r.path.name: [phase.text for phase in r.failed] for r in reports if r.failed} == {}


@pytest.mark.parametrize("name", ["style_waf.msvc", "style_body_filter"])
def test_good_modules_pass_every_life(name: str, dll: Callable[[str], Path], windows: runtime.Runtime) -> None:
    report = pyiismod.check(dll(name), Options(level=7, requests=150, seed=3, timeout=20))
    assert [f"{f.rule.id} {f.text}" for f in report.findings] == []
    assert report.is_fine, [phase.text for phase in report.failed]
    names = {phase.name for phase in report.phases if phase.status == "passed"}
    assert names >= {"schedule inline", "schedule early", "overlapping requests", "strict memory", "leaks", "reload"}
    assert names >= {"low memory", "shutdown detach_first"}
