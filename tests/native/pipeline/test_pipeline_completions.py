"""PENDING and who resumes it, from which thread and when. Docstrings name the fact sheet's section."""

from __future__ import annotations

import pytest
from schedules import SCHEDULES, Load

HANDLER = "RQ_EXECUTE_REQUEST_HANDLER"


def test_where_and_when(both: Load) -> None:
    """2.4: a completion may come on another thread, even before the call that started it has returned."""
    iis = both("async_where")
    for _ in range(3):
        assert iis.get("/", schedule="threaded").text == "another thread, after the call"
        assert iis.get("/", schedule="inline").text == "the same thread, after the call"
        assert iis.get("/", schedule="early").text == "another thread, during the call"


def test_a_seed_draws_and_draws_the_same_again(both: Load) -> None:
    """2.4: both timings are offered; a number mixes them, reproducibly."""
    iis = both("async_where")
    drawn = [iis.get("/", schedule=seed).text for seed in range(40)]
    assert drawn == [iis.get("/", schedule=seed).text for seed in range(40)]
    assert len(set(drawn)) == 3


def test_the_server_s_schedule_is_that_of_its_requests(both: Load) -> None:
    iis = both("async_where", schedule="inline")
    assert iis.get("/").text == "the same thread, after the call"
    assert iis.get("/", schedule="threaded").text == "another thread, after the call"


def test_post_completion(both: Load) -> None:
    """2.4: OnAsyncCompletion gets the bytes, S_OK and the notification; its return decides. Own thread and inside."""
    iis = both("style_async")
    for schedule in SCHEDULES:
        for how, size in (("post", 42), ("inline", 7)):
            response = iis.get(f"/?{how}", schedule=schedule)
            assert response.text == f"completed {size} bytes, 0x00000000, notification 0x00000080", schedule
            assert response.trace.violations == ()


def test_a_timer(both: Load) -> None:
    """2.4: any thread may complete, also one of a timer queue."""
    iis = both("async_timer")
    for schedule in SCHEDULES:
        response = iis.get("/", schedule=schedule)
        assert (response.text, response.trace.violations) == ("1234 bytes by the timer", ())


def test_indicate_from_an_own_thread_drives_on_inside_the_call(both: Load) -> None:
    """2.4: following modules, the final send and Dispose run on the caller's thread, inside IndicateCompletion."""
    iis = both("style_async", "order_a")
    for schedule in SCHEDULES:
        response = iis.get("/?indicate", schedule=schedule)
        assert response.text == "indicated"
        (call,) = response.trace.calls("IndicateCompletion")
        after = list(response.trace)[list(response.trace).index(call) + 1 :]
        inside = [e for e in after if e.thread == call.thread and e.depth > call.depth]
        assert {e.method for e in inside} >= {"OnLogRequest", "OnEndRequest", "OnPostEndRequest", "Dispose"}
        assert call.thread > 0
        assert response.trace.violations == ()


def test_indicate_inside_the_handler_nests(both: Load) -> None:
    """2.4: a published dump has the next handler on top of the one that indicated, which then returns PENDING."""
    response = both("async_indicate_inside").get("/")
    assert response.text == "indicated"
    handlers = [e for e in response.trace.notifications if e.method.startswith("On")]
    assert [e.depth for e in handlers] == [2 * i for i in range(8)]
    assert {e.result for e in handlers} == {"RQ_NOTIFICATION_PENDING"}
    assert response.trace.violations == ()


@pytest.mark.parametrize("target", ["/", "/?twice"])
def test_indicate_with_pending_calls_on_async_completion(target: str, both: Load) -> None:
    """2.4: inline, on the caller's thread."""
    iis = both("async_indicate_pending")
    for schedule in SCHEDULES:
        response = iis.get(target, schedule=schedule)
        assert response.text == "on the same thread, inside the call, 0 bytes, 0x00000000"
        assert response.trace.violations == ()


def test_post_completion_with_a_routine(both: Load) -> None:
    """2.4, IHttpContext3: the routine is called instead of OnAsyncCompletion; the pipeline is not touched."""
    iis = both("async_routine")
    for schedule in SCHEDULES:
        response = iis.get("/", schedule=schedule)
        assert response.text == "routine got 77 bytes, error 0"
        assert response.trace.violations == ()
        (routine,) = [e for e in response.trace if e.method == "completion routine"]
        assert (routine.module, routine.notification, routine.args) == (routine.module, None, {"bytes": 77})
        if schedule in ("threaded", "inline", "early"):
            assert (routine.thread == 0) == (schedule == "inline")


def test_a_call_from_an_own_thread_names_the_module_whose_turn_it_is(both: Load) -> None:
    """2.4: nobody is in a notification on that thread; the open one says for whom it acts."""
    response = both("style_async", "order_a").get("/?indicate")
    (call,) = response.trace.calls("IndicateCompletion")
    (written,) = response.trace.calls("WriteEntityChunks")
    for event in (call, written):
        assert event.module is not None
        assert event.module.startswith("style_async")
        assert (event.notification, event.post) == (HANDLER, False)
    assert [e.module for e in response.trace.calls("SetHeader", module=None) if e.thread == 0] != [None]


def test_the_status_of_a_response_names_who_set_it_from_an_own_thread(both: Load) -> None:
    """5.3, GetStatus: module and notification tell who set it. The reply of a worker is under its module."""
    response = both("style_async").get("/?indicate")
    assert {e.module for e in response.trace.calls()} == {e.module for e in response.trace.notifications}


# --- mistakes


ALREADY = "was completed already when {} completed it again"
FORGOTTEN = "went on without waiting for {}"
ENDED = "IHttpContext::{} was called on an IHttpContext4 that has ended"


@pytest.mark.parametrize(
    ("how", "what", "late"),
    [
        ("post-post", "PostCompletion", "PostCompletion"),
        ("post-indicate", "PostCompletion", "IndicateCompletion"),
        ("indicate-continue", "the handler's return", ""),
    ],
)
def test_completing_twice(how: str, what: str, late: str, both: Load) -> None:
    """Section 6, mistake 3: named, whichever of the two is first; the request goes on once."""
    iis = both("bad_complete_twice")
    for schedule in SCHEDULES:
        violations = iis.get(f"/?{how}", schedule=schedule).trace.violations
        assert violations, schedule
        for violation in violations:
            where, _, said = violation.partition(".dll ")
            assert said in (ALREADY.format(what), ALREADY.format("the handler's return"), FORGOTTEN.format(what)) or (
                violation == ENDED.format(late)
            )
            assert said == "" or where.startswith(f"OnExecuteRequestHandler ({HANDLER}) of bad_complete_twice")


def test_a_handler_that_completes_twice_is_not_the_next_one_s_fault(both: Load) -> None:
    """Section 6, mistake 3: the first completion has driven the request on while the handler is still on its stack."""
    response = both("bad_complete_twice").get("/?early", schedule="early")
    (violation,) = response.trace.violations
    assert violation.endswith(ALREADY.format("PostCompletion"))
    assert violation.startswith(f"OnExecuteRequestHandler ({HANDLER})")


@pytest.mark.parametrize("schedule", ["threaded", "inline"])
def test_an_own_thread_that_completes_twice_is_not_the_next_one_s_fault(schedule: str, both: Load) -> None:
    """Section 6, mistake 3: the second completion arrives when another notification is open."""
    response = both("bad_complete_twice").get("/?own", schedule=schedule)
    (violation,) = response.trace.violations
    assert violation.endswith(ALREADY.format("PostCompletion"))
    assert violation.startswith(f"OnExecuteRequestHandler ({HANDLER})")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_going_on_with_an_operation_under_way(schedule: str | int, both: Load) -> None:
    """Section 6, mistake 5: CONTINUE, and nobody waits for the read. Early, the completion has gone on already."""
    response = both("bad_outstanding", upload_read_ahead=0).post("/", content=b"x" * 100, schedule=schedule)
    found = {violation.rule.name: violation for violation in response.trace.violations}
    found.pop("body-not-put-back", None)  # the read may be over by then
    (violation,) = found.values()
    assert violation.startswith("OnBeginRequest (RQ_BEGIN_REQUEST) of bad_outstanding")
    assert violation.endswith((FORGOTTEN.format("ReadEntityBody"), ALREADY.format("the handler's return")))
    assert response.status == 404
