"""One server, one worker at a time: what a failure does to it, and what a new one gets to hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from pyiismod import ModuleCrashed, Server, UsageError, WorkerError
from pyiismod.worker import protocol
from pyiismod.worker.client import Closed
from pyiismod.worker.output import Output
from pyiismod.worker.protocol import Command, ErrorInfo, Reply
from pyiismod.workplace import Worker

CRASH = protocol.Failed(0, ErrorInfo("ModuleCrashed", "it crashed", "mend it", {"module": "a.dll", "phase": "Dispose"}))
FIRED = protocol.Fired(0, 200, 0, "OK", [("A", "1")], b"body", [], ["IHttpContext::GetUser"])


class FakeWorker:
    """Answers commands by their kind; notes them."""

    def __init__(self, answers: dict[type, Reply | Callable[[Command], Reply]]) -> None:
        self.answers = answers
        self.commands: list[Command] = []
        self.closed = 0
        self.output = Output()

    def call(self, command: Command, deadline: float | None = None) -> Reply:
        self.commands.append(command)
        answer = self.answers[type(command)]
        return answer(command) if callable(answer) else answer

    def drain(self) -> None:
        assert self.closed == 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeWorker]]:
    """Every worker that a server starts, in order; a request answers 200."""
    started: list[FakeWorker] = []
    answers: dict[type, Any] = {
        protocol.Configure: protocol.Done(0),
        protocol.Fire: FIRED,
        protocol.Unload: protocol.Unloaded(0, [], []),
    }

    def start(self: Server) -> Worker:
        started.append(FakeWorker(dict(answers)))
        return started[-1]

    monkeypatch.setattr(Server, "_start", start)
    yield started
    assert all(worker.closed <= 1 for worker in started)


def kinds(worker: FakeWorker) -> list[str]:
    return [type(command).__name__ for command in worker.commands]


def test_a_worker_starts_with_the_first_need_and_ends_with_the_server(workers: list[FakeWorker]) -> None:
    with Server(iis_version="8.5") as iis:
        assert workers == []
        response = iis.get("/x", headers={"X": "1"})
        assert (response.status, response.text, response.headers["a"]) == (200, "body", "1")
        assert response.refused == iis.refused == ("IHttpContext::GetUser",)
    (worker,) = workers
    assert kinds(worker) == ["Configure", "Fire", "Unload"]
    assert worker.commands[0] == protocol.Configure(0, {"iis_version": "8.5", "root": None})
    assert worker.closed == 1
    iis.close()
    assert worker.closed == 1


def test_a_schedule_for_all_requests_or_for_one(workers: list[FakeWorker]) -> None:
    with Server(schedule="inline") as iis:
        iis.get("/")
        iis.get("/", schedule="early")
        iis.get("/", schedule=0)
    fired = [command.schedule for command in workers[0].commands if isinstance(command, protocol.Fire)]
    assert fired == ["inline", "early", 0]
    assert workers[0].commands[0] == protocol.Configure(0, {"root": None})


@pytest.mark.parametrize("schedule", ["", "Threaded", "late", -1, 1 << 63, True, 1.5, None])
def test_a_schedule_that_there_is_not(schedule: Any, workers: list[FakeWorker]) -> None:
    with pytest.raises(UsageError, match="is no schedule for completions"):
        Server(schedule=schedule)
    with Server() as iis, pytest.raises(UsageError, match="threaded, inline, early or a number"):
        iis.get("/", schedule="" if schedule is None else schedule)
    assert workers == []


def test_a_wrong_request_starts_nothing(workers: list[FakeWorker]) -> None:
    with Server() as iis, pytest.raises(UsageError):
        iis.get("nonsense")
    assert workers == []


def test_a_failure_is_raised_as_it_is_and_ends_the_worker(workers: list[FakeWorker]) -> None:
    with Server() as iis:
        iis.get("/")
        workers[0].answers[protocol.Fire] = CRASH
        with pytest.raises(ModuleCrashed, match="it crashed") as caught:
            iis.get("/")
        assert (caught.value.hint, caught.value.module, caught.value.phase) == ("mend it", "a.dll", "Dispose")
        assert workers[0].closed == 1
        assert iis.get("/").status == 200
    assert [kinds(w) for w in workers] == [["Configure", "Fire", "Fire"], ["Configure", "Fire", "Unload"]]


def test_an_error_that_nobody_knows_is_the_workers(workers: list[FakeWorker]) -> None:
    with Server() as iis:
        iis.get("/")
        workers[0].answers[protocol.Fire] = protocol.Failed(0, ErrorInfo("KeyError", "x", "", {}))
        with pytest.raises(WorkerError, match="x"):
            iis.get("/")


def test_an_answer_of_the_wrong_kind_is_the_workers(workers: list[FakeWorker]) -> None:
    with Server() as iis:
        iis.get("/")
        workers[0].answers[protocol.Fire] = protocol.Done(0)
        with pytest.raises(WorkerError, match="answered Fire with Done"):
            iis.get("/")
        assert workers[0].closed == 1


def test_a_failure_on_the_way_out_is_raised_and_the_worker_is_gone(workers: list[FakeWorker]) -> None:
    iis = Server()
    iis.get("/")
    workers[0].answers[protocol.Unload] = CRASH
    with pytest.raises(ModuleCrashed):
        iis.close()
    assert workers[0].closed == 1
    iis.close()
    assert kinds(workers[0]).count("Unload") == 1


def test_an_error_in_the_block_ends_the_worker_without_ceremony(workers: list[FakeWorker]) -> None:
    def block() -> None:
        with Server() as iis:
            iis.get("/")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert kinds(workers[0]) == ["Configure", "Fire"]
    assert workers[0].closed == 1


def test_many_threads_start_one_worker(workers: list[FakeWorker]) -> None:
    with Server() as iis:
        barrier = Barrier(8)

        def work() -> None:
            barrier.wait()
            iis.get("/")

        run([work] * 8)
        assert len(workers) == 1


def test_a_request_that_comes_behind_the_end_of_its_worker_goes_to_the_next_one(workers: list[FakeWorker]) -> None:
    """Another thread has closed it in between: nothing has happened to the request."""
    with Server() as iis:
        iis.get("/")

        def closed(command: Command) -> Reply:
            iis.recycle()
            raise Closed("the worker was closed")

        workers[0].answers[protocol.Fire] = closed
        assert iis.get("/").status == 200
        assert [kinds(worker) for worker in workers] == [
            ["Configure", "Fire", "Fire", "Unload"],
            ["Configure", "Fire"],
        ]


def test_calls_that_fail_together_end_one_worker_once(workers: list[FakeWorker]) -> None:
    """A late failure of the old worker must not end the new one."""
    with Server() as iis:
        iis.get("/")
        first = workers[0]
        together = Barrier(2)

        def crash(command: Command) -> Reply:
            together.wait()
            return CRASH

        first.answers[protocol.Fire] = crash

        def work() -> None:
            with pytest.raises(ModuleCrashed):
                iis.get("/")
            iis.get("/")

        run([work] * 2)
        assert first.closed == 1
        assert len(workers) == 2
        assert workers[1].closed == 0


def test_a_root_that_is_no_folder() -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        Server(root="/no/such/folder")


def run(work: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(w) for w in work]:
            future.result()
