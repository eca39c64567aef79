"""Asynchronous reads, writes and flushes of real modules, under every schedule. Docstrings name the section."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from schedules import SCHEDULES, Load

from pyiismod import Server

BODY = bytes(range(256)) * 120
NUMBERS = "".join(f"{i} " for i in range(31))
EOF = "0x80070026"


def fnv(data: bytes) -> str:
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return f"0x{value:08X}"


READ = f"{len(BODY)} bytes, checksum {fnv(BODY)}"


@pytest.fixture
def on_the_wire(both: Load) -> Callable[..., Server]:
    """Load modules into a server that has read nothing of a request's body in advance."""
    return lambda *names: both(*names, upload_read_ahead=0)


def test_reads_in_a_loop_as_long_as_they_are_inline(on_the_wire: Callable[..., Server]) -> None:
    """2.4, pfCompletionPending: it may come back FALSE although fAsync was TRUE; then no completion follows."""
    iis = on_the_wire("async_read")
    for schedule in SCHEDULES:
        response = iis.post("/", content=BODY, schedule=schedule)
        assert response.text == f"{READ}, end {EOF}", schedule
        assert response.trace.violations == ()
        inline, pending = (int(part.split()[0]) for part in response.headers["X-Reads"].split(", "))
        assert inline + pending == -(-len(BODY) // 4096)
        assert (pending == 0) == (schedule == "inline")
        told = [e for e in response.trace.notifications if e.method == "OnAsyncCompletion"]
        assert [e.notification for e in told] == ["RQ_EXECUTE_REQUEST_HANDLER"] * pending


def test_what_was_read_ahead_is_inline(both: Load) -> None:
    """5.2: the preloaded bytes are there already, whatever the schedule."""
    iis = both("async_read", upload_read_ahead=len(BODY))
    for schedule in SCHEDULES:
        response = iis.post("/", content=BODY, schedule=schedule)
        assert (response.text, response.headers["X-Reads"]) == (f"{READ}, end {EOF}", "8 inline, 0 pending")


def test_without_a_place_for_pending_every_read_has_a_completion(on_the_wire: Callable[..., Server]) -> None:
    """2.4: NULL with fAsync TRUE: a completion always follows, that of the end with ERROR_HANDLE_EOF too (5.2)."""
    iis = on_the_wire("async_read_null")
    for schedule in SCHEDULES:
        response = iis.post("/", content=BODY, schedule=schedule)
        assert (response.text, response.headers["X-Reads"]) == (f"{READ}, end {EOF}", "9 completions"), schedule
        assert response.trace.violations == ()


def test_the_callback_overload_of_read(on_the_wire: Callable[..., Server]) -> None:
    """2.4: the completion goes to the routine, not to OnAsyncCompletion; its return value counts the same way."""
    iis = on_the_wire("async_read_callback")
    for schedule in SCHEDULES:
        response = iis.post("/", content=BODY, schedule=schedule)
        operations = 0 if schedule == "inline" else 1
        assert response.text == f"{READ}, operations {operations}", schedule
        assert response.trace.violations == ()
        assert "OnAsyncCompletion" not in {e.method for e in response.trace}


@pytest.mark.parametrize("name", ["async_flush", "async_flush_callback", "async_write", "async_write_callback"])
def test_a_chain_of_writes(name: str, both: Load) -> None:
    """2.4: PENDING from OnAsyncCompletion waits on; each completion starts the next operation."""
    iis = both(name)
    for schedule in SCHEDULES:
        response = iis.get("/?30", schedule=schedule)
        assert (response.status, response.text) == (200, NUMBERS), schedule
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.trace.violations == ()
        sends = [e for e in response.trace.notifications if e.method in ("OnAsyncCompletion", "completion routine")]
        assert (len(sends) == 0) == (schedule == "inline")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_long_chain_does_not_pile_up(schedule: str | int, load: Load) -> None:
    """2.4: no completion is delivered on top of another one's stack, and no thread waits for the whole rest."""
    response = load("async_flush").get("/?1500", schedule=schedule)
    assert response.text == "".join(f"{i} " for i in range(1501))


def test_a_read_and_a_write_at_the_same_time(on_the_wire: Callable[..., Server]) -> None:
    """2.4, EnableFullDuplex: one read and one write; their completions may race, also with the handler."""
    iis = on_the_wire("async_full_duplex")
    for schedule in SCHEDULES * 3:
        response = iis.post("/", content=BODY, schedule=schedule)
        assert response.text == "".join(f"{i} " for i in range(20)) + f"| {READ}", schedule
        assert response.trace.violations == ()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/", "Flush was started while ReadEntityBody was under way: EnableFullDuplex was not called"),
        ("/?reads", "ReadEntityBody was started while ReadEntityBody was under way: a second one of its kind"),
    ],
)
def test_one_operation_at_a_time(target: str, words: str, on_the_wire: Callable[..., Server]) -> None:
    """2.4: at most one outstanding, unless EnableFullDuplex allows a read beside a write."""
    iis = on_the_wire("bad_two_operations")
    for schedule in ("threaded", "inline"):
        response = iis.post(target, content=BODY, schedule=schedule)
        assert (response.text, response.trace.violations) == ("both", (words,))


def test_cancel_ends_a_read_that_is_under_way(on_the_wire: Callable[..., Server]) -> None:
    """2.4, CancelIo: it completes with ERROR_OPERATION_ABORTED, and nothing of the body is lost."""
    response = on_the_wire("async_cancel").post("/", content=BODY)
    assert response.text == f"cancel 0x00000000, completion 0x800703E3 with 0 bytes, then {READ}"
    assert response.trace.violations == ()


def test_cancel_ends_a_read_that_waits_for_the_client(on_the_wire: Callable[..., Server]) -> None:
    """2.4, CancelIo: from another thread, while the client sends nothing; what it sends later is read later."""
    iis = on_the_wire("async_cancel")
    for schedule in ("threaded", "early"):
        cancelled = threading.Event()

        def slowly(wait: threading.Event) -> Iterator[bytes]:
            yield BODY[:1]
            wait.wait(0.4)
            yield BODY[1:]

        response = iis.post("/?later", content=slowly(cancelled), schedule=schedule)
        assert response.text == f"cancel 0x00000000, completion 0x800703E3 with 0 bytes, then {READ}"
        assert response.trace.violations == ()


def test_nothing_to_cancel(on_the_wire: Callable[..., Server]) -> None:
    """2.4, CancelIo: ERROR_NOT_FOUND when nothing is pending."""
    response = on_the_wire("async_cancel").post("/", content=BODY, schedule="inline")
    assert response.text == f"cancel 0x80070490, completion 0x00000000 with 4096 bytes, then {READ}"


def test_a_buffer_is_filled_when_the_read_completes(load: Load) -> None:
    """2.4: until then *pcbBytesReceived is 0 and the buffer is the module's own business."""
    response = load("async_read", upload_read_ahead=0).post("/", content=BODY)
    reads = response.trace.calls("ReadEntityBody")
    pending = [e for e in reads if e.args.get("pfCompletionPending")]
    assert pending
    assert {e.args["pcbBytesReceived"] for e in pending} == {0}
