"""The Chrome trace: what ui.perfetto.dev needs to draw tracks and slices."""

from __future__ import annotations

import json
from typing import Any

import pytest
from report_runs import completed

from pyiismod.report import Run, chrome_trace


def events(run: Run) -> list[dict[str, Any]]:
    return json.loads(chrome_trace(run))["traceEvents"]


def test_every_thread_is_a_named_track() -> None:
    names = {e["tid"]: e["args"]["name"] for e in events(completed()) if e["name"] == "thread_name"}
    assert names == {0: "request thread", 1: "thread 1", 2: "thread 2"}


def test_the_process_is_named_after_the_request_and_its_modules() -> None:
    (name,) = [e["args"]["name"] for e in events(completed()) if e["name"] == "process_name"]
    assert name == "POST http://localhost/a?b=<c>&d a"


def test_calls_are_complete_events_with_their_facts() -> None:
    (found,) = [e for e in events(completed()) if e["name"] == "IHttpResponse::SetStatus"]
    assert (found["ph"], found["ts"], found["dur"], found["pid"], found["tid"]) == ("X", 2120, 20, 1, 0)
    assert found["cat"] == "request,call"
    assert found["args"]["result"] == "S_OK"
    assert "statusCode=403" in found["args"]["arguments"]


def test_marks_are_instant_events_of_their_thread() -> None:
    found = [e for e in events(completed()) if e["ph"] == "i"]
    assert [e["s"] for e in found] == ["t"] * 3
    assert found[1]["name"] == "IM014 Flush was started too early"


@pytest.mark.parametrize("thread", [0, 1, 2])
def test_slices_of_a_track_nest_or_follow_each_other(thread: int) -> None:
    """Perfetto drops slices that overlap without nesting."""
    around: list[float] = []
    for found in (e for e in events(completed()) if e["ph"] == "X" and e["tid"] == thread):
        while around and around[-1] <= found["ts"]:
            around.pop()
        assert not around or found["ts"] + found["dur"] <= around[-1]
        around.append(found["ts"] + found["dur"])


def test_nothing_happened() -> None:
    assert [e["name"] for e in events(Run())] == ["process_name"]


def test_a_flow_leads_from_pending_to_what_resumed_it() -> None:
    begin, end = (e for e in events(completed()) if e["ph"] in "sf")
    assert (begin["id"], begin["tid"]) == (end["id"], 0)
    assert 2100 < begin["ts"] < 2500
    assert (end["bp"], end["ts"], end["tid"]) == ("e", 2600, 2)
