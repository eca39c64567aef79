"""PENDING that nothing completes: named by its notification, with what was under way (section 6, item 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from schedules import Load

from pyiismod import ModuleHung

PRE = "OnPreExecuteRequestHandler (RQ_PRE_EXECUTE_REQUEST_HANDLER)"


@pytest.fixture
def hung(both: Load) -> Callable[..., ModuleHung]:
    """Fire a request that is never completed; return what was raised."""

    def fire(*names: str, target: str = "/", **options: object) -> ModuleHung:
        iis = both(*names, timeout=1.5)
        with pytest.raises(ModuleHung) as caught:
            iis.get(target, **options)
        return caught.value

    return fire


def test_it_is_named(hung: Callable[..., ModuleHung]) -> None:
    """Which notification, since when, what was under way, what the module's own threads do."""
    error = hung("bad_never_completes")
    assert f"returned RQ_NOTIFICATION_PENDING from {PRE} and nothing completed it within 1.5 s (since " in error.message
    assert "Nothing is under way for it." in error.message
    assert error.module is not None
    assert error.module.startswith("bad_never_completes")
    assert (error.phase, error.notification) == ("notification", "OnPreExecuteRequestHandler")
    assert (error.details["armed"], error.details["completions"], error.details["seconds"]) == ([], 0, 1.5)
    assert error.details["since"]
    (own,) = error.details["own_threads"]
    assert f"called from {error.module}+0x" in own
    assert f"A thread of the module's own stands at {own}." in error.message
    assert any(frame["module"] == error.module for thread in error.details["threads"] for frame in thread["stack"])
    assert "PostCompletion" in error.hint


def test_pending_again_with_nothing_new_under_way(hung: Callable[..., ModuleHung]) -> None:
    """2.4: PENDING from OnAsyncCompletion keeps waiting; without a new operation for ever."""
    error = hung("bad_never_completes", target="/?again")
    assert f"PENDING from {PRE}" in error.message
    assert "after 1 completion)" in error.message
    assert (error.details["completions"], error.details["own_threads"]) == (1, [])


@pytest.mark.parametrize("schedule", ["threaded", "inline", "early"])
def test_it_is_the_notification_that_waits_now(schedule: str, hung: Callable[..., ModuleHung]) -> None:
    """An earlier PENDING that was completed is not the one to blame."""
    assert f"PENDING from {PRE}" in hung("bad_never_completes", target="/?later", schedule=schedule).message


@pytest.mark.parametrize("how", ["post", "indicate"])
def test_a_module_that_hangs_while_the_request_s_thread_waits(how: str, load: Load) -> None:
    """Who hangs is inside of a module on a thread of IIS's, or on the one that called IndicateCompletion."""
    iis = load("crash_hang", "style_async", timeout=1.5, environment={"IISMOD_CRASH_IN": "Dispose"})
    with pytest.raises(ModuleHung, match="did not come back from Dispose") as caught:
        iis.get(f"/?{how}")
    assert caught.value.module == "crash_hang.msvc.dll"


def test_the_server_lives_on(both: Load) -> None:
    """Others are not held up: the next request has a fresh worker."""
    iis = both("bad_never_completes", "style_async", timeout=1.5)
    with pytest.raises(ModuleHung):
        iis.get("/")
    with pytest.raises(ModuleHung):
        iis.get("/")
