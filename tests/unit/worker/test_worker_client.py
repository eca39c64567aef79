"""Our side against workers that do everything wrong: each time one precise error, no process and no file left."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pyiismod.errors import PyiismodError, RuntimeBroken, WorkerError
from pyiismod.worker import client as client_module
from pyiismod.worker.client import WorkerClient
from pyiismod.worker.protocol import Configure, Done, Fire, Resolve, Resolved

SCRIPT = Path(__file__).with_name("fake_worker.py")


class FakeRuntime:
    """Starts ``fake_worker.py`` in a role, instead of the supervisor."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.loader = [sys.executable]
        self.supervisor = SCRIPT
        self.scratch = None

    def windows_command(self, *args: str) -> list[str]:
        return [self.role]

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def to_windows(self, path: Path) -> str:
        return os.fspath(path)

    def warm_up(self) -> bool:
        return False


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where workers keep their files."""
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path))
    return tmp_path


@pytest.fixture
def start(scratch: Path) -> Iterator[Callable[..., WorkerClient]]:
    """Start a worker in a role; afterwards prove that nothing is left of any."""
    clients: list[WorkerClient] = []

    def start(role: str, **options: Any) -> WorkerClient:
        client = WorkerClient(FakeRuntime(role), **{"timeout": 20, **options})  # type: ignore[arg-type]
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()
        assert not Path(f"/proc/{client.pid}").exists()
    assert list(scratch.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pyiismod-")]


def resolve(name: str) -> Resolve:
    return Resolve(0, name, {})


def test_calls_and_a_goodbye(start: Callable[..., WorkerClient]) -> None:
    with start("good") as worker:
        assert worker.ready.process_id == 32
        assert worker.alive
        reply = worker.call(resolve("here"))
        assert isinstance(reply, Resolved)
        assert reply.missing_dlls == ["here"]
    assert not worker.alive
    with pytest.raises(WorkerError, match="the worker was closed"):
        worker.call(resolve("there"))


def test_each_caller_gets_its_own_reply(start: Callable[..., WorkerClient]) -> None:
    worker = start("slow and mixed")
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            names = [f"caller {number}" for number in range(8)]
            replies = list(pool.map(lambda name: worker.call(resolve(name)), names))
            assert [reply.missing_dlls for reply in replies if isinstance(reply, Resolved)] == [[n] for n in names]


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("old protocol", r"the worker has protocol 0, this side protocol \d+"),
        ("other version", r"the worker has version 0\.0\.1, this side version \d"),
        ("other abi", r"the worker has ABI 0123456789abcdef, this side ABI [0-9a-f]{16}"),
        ("32 bit", "the worker has pointer size 4, this side pointer size 8"),
        ("begins with Done", "the worker began with Done instead of Ready"),
        (
            "dies at start",
            r"the worker vanished \(exit status 1\) and left no report\npython.exe: something is missing",
        ),
        ("prints at start", "the worker does not keep to the protocol: a frame claims"),
    ],
)
def test_a_start_that_fails(start: Callable[..., WorkerClient], scratch: Path, role: str, words: str) -> None:
    with pytest.raises(WorkerError, match=words):
        start(role)
    assert list(scratch.iterdir()) == []


def test_a_start_that_takes_too_long(start: Callable[..., WorkerClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_DUMP_PATIENCE", 0.1)
    with pytest.raises(WorkerError, match="the worker did not answer and was ended"):
        start("silent at start", timeout=0.3)


def test_a_program_that_cannot_be_run(scratch: Path) -> None:
    runtime = FakeRuntime("good")
    runtime.loader = [os.fspath(scratch / "no such wine")]
    with pytest.raises(RuntimeBroken, match=r"the runtime cannot be started: .*no such wine"):
        WorkerClient(runtime)  # type: ignore[arg-type]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("garbage", "the worker does not keep to the protocol: "),
        ("invents a reply", "the worker does not keep to the protocol: nobody asked for Done 8"),
        ("dies", r"the worker vanished \(killed by signal 9\) and left no report\nlast words"),
        ("leaves", r"the worker vanished \(exit status 0\) and left no report"),
        ("closes its output", r"the worker vanished \(killed by signal 9\) and left no report"),
    ],
)
def test_a_call_that_fails(start: Callable[..., WorkerClient], role: str, words: str) -> None:
    worker = start(role)
    with pytest.raises(WorkerError, match=words) as first:
        worker.call(Configure(0, {}))
    with pytest.raises(WorkerError, match=words) as second:
        worker.call(Configure(0, {}))
    assert first.value is not second.value
    assert not worker.alive


def test_an_answer_too_many_ends_the_worker(start: Callable[..., WorkerClient]) -> None:
    worker = start("answers twice")
    assert worker.call(Configure(0, {})) == Done(1)
    while worker.alive:
        time.sleep(0.01)
    with pytest.raises(WorkerError, match="nobody asked for Done 1"):
        worker.call(Configure(0, {}))


def test_a_hang_without_a_supervisor(start: Callable[..., WorkerClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_DUMP_PATIENCE", 0.1)
    worker = start("hangs")
    with pytest.raises(WorkerError, match="the worker did not answer and was ended"):
        worker.call(Configure(0, {}), deadline=0.2)


def test_a_hang_settles_everybody(start: Callable[..., WorkerClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_DUMP_PATIENCE", 0.1)
    worker = start("hangs")
    errors: list[PyiismodError] = []

    def call(deadline: float) -> None:
        try:
            worker.call(Configure(0, {}), deadline)
        except PyiismodError as error:
            errors.append(error)

    callers = [threading.Thread(target=call, args=(deadline,)) for deadline in (0.2, 60, 60)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [str(error) for error in errors] == ["the worker did not answer and was ended (killed by signal 9) and left "
                                                "no report"] * 3  # fmt: skip


def test_a_deadline_holds_while_the_pipe_is_full(
    start: Callable[..., WorkerClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_DUMP_PATIENCE", 0.1)
    worker = start("reads no more")
    body = bytes(1 << 20)
    command = Fire(0, "POST", "http", "localhost", "/", [], body, ("127.0.0.1", 1), ("127.0.0.1", 80))
    with pytest.raises(WorkerError, match="the worker did not answer"):
        worker.call(command, deadline=0.3)


def test_closing_does_not_wait_for_a_call(start: Callable[..., WorkerClient]) -> None:
    worker = start("hangs")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(worker.call, Configure(0, {}), 600)
        while worker._replies.is_idle:
            time.sleep(0.01)
        worker.close()
        assert isinstance(call.exception(), WorkerError)
    worker.close()


def test_an_error_inside_the_block_is_not_hidden(start: Callable[..., WorkerClient]) -> None:
    with pytest.raises(ZeroDivisionError), start("dies"):
        raise ZeroDivisionError


def test_a_message_that_cannot_be_sent_leaves_the_worker_alone(start: Callable[..., WorkerClient]) -> None:
    worker = start("good")
    with pytest.raises(TypeError):
        worker.call(Configure(0, {"what": object()}))
    assert isinstance(worker.call(resolve("still")), Resolved)


@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_a_worker_that_dies_as_it_starts_is_started_once_more(deaths: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No module was there yet: it was the system's doing."""
    starts = []

    def start(runtime: Any, **options: Any) -> str:
        starts.append(options)
        if len(starts) <= deaths:
            raise WorkerError("the worker vanished")
        return "worker"

    monkeypatch.setattr(client_module, "WorkerClient", start)
    if deaths == 2:
        with pytest.raises(WorkerError):
            client_module.start_worker(None, timeout=1)  # type: ignore[arg-type]
    else:
        assert client_module.start_worker(None, timeout=1) == "worker"  # type: ignore[arg-type,comparison-overlap]
    assert starts == [{"timeout": 1, "environment": None}] * min(deaths + 1, 2)
