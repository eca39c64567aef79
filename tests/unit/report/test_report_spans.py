"""The timeline with times: stages, nesting by time, and what has failed."""

from __future__ import annotations

from report_runs import LOAD, REFUSED, REQUEST, UNLOAD, call, event

from pyiismod.report.spans import label, links, spans


def test_times_begin_with_the_first_event() -> None:
    found = spans([*LOAD, *REQUEST])
    assert [(span.event.method, span.start, span.us) for span in found[:3]] == [
        ("LoadLibrary", 0, 1000),
        ("RegisterModule", 1100, 50),
        ("GetHttpModule", 2000, 10),
    ]


def test_each_has_its_stage() -> None:
    found = spans([*LOAD, *REQUEST, *UNLOAD])
    assert [span.stage for span in found] == ["load"] * 2 + ["request"] * len(REQUEST) + ["unload"] * 2


def test_a_thread_nests_what_happens_during_its_own_calls() -> None:
    events = [
        event("notification", "OnBeginRequest", 0, 100),
        call("IHttpResponse::Flush", 10, 50),
        event("notification", "OnSendResponse", 20, 10),
        call("IHttpContext::IndicateCompletion", 30, 5, thread=1),
        call("IHttpResponse::Clear", 60, 5),
        event("phase", "Dispose", 100, 1),
    ]
    assert [(span.event.method, span.depth) for span in spans(events)] == [
        ("OnBeginRequest", 0),
        ("Flush", 1),
        ("OnSendResponse", 2),
        ("IndicateCompletion", 0),
        ("Clear", 1),
        ("Dispose", 0),
    ]


def test_only_what_was_refused_or_failed_says_so() -> None:
    by_name = {span.event.method: span for span in spans(REQUEST, [REFUSED])}
    assert [name for name, span in by_name.items() if span.is_refused] == ["GetWorkerProcessFramework"]
    assert [name for name, span in by_name.items() if span.has_failed] == ["GetWorkerProcessFramework"]
    assert by_name["GetWorkerProcessFramework"].facts()["refused"] == "the host does not serve this"


def test_marks_take_no_time() -> None:
    assert [span.event.event for span in spans(REQUEST) if span.is_mark] == ["output", "violation", "trace"]


def test_labels_cannot_control_a_terminal() -> None:
    output = next(span for span in spans(REQUEST) if span.event.event == "output")
    assert label(output.event) == "hello\\x1b[31m\\x00"


def test_no_events_no_spans() -> None:
    assert spans([]) == []


def test_pending_is_linked_with_what_resumes_it() -> None:
    pending = {"notification": "RQ_BEGIN_REQUEST", "result": "RQ_NOTIFICATION_PENDING"}
    finished = {"notification": "RQ_BEGIN_REQUEST", "result": "RQ_NOTIFICATION_FINISH_REQUEST"}
    events = [
        event("notification", "OnBeginRequest", 0, 10, **pending),
        event("notification", "OnBeginRequest", 20, 10, **(pending | {"module": "b.dll"})),
        event("notification", "OnAsyncCompletion", 40, 10, thread=1, **pending),
        event("notification", "OnAsyncCompletion", 60, 10, thread=2, **finished),
        call("IHttpContext::IndicateCompletion", 80, 5, module="b.dll", thread=3, depth=0),
        event("notification", "OnAsyncCompletion", 90, 10, thread=2, **finished),
    ]
    assert list(links(spans(events))) == [(0, 2), (2, 3), (1, 4)]
