"""No orphan, whoever dies and however: within three seconds there is no process and no file left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import pytest

import pyiismod
from pyiismod.errors import ModuleExited, ModuleHung, WorkerError
from pyiismod.runtime import Runtime
from pyiismod.worker.client import WorkerClient
from pyiismod.worker.protocol import Configure, Done, Failed, Load, Loaded, Resolve, Resolved, Unload

Leftovers = Callable[[Path], list[str]]

PARENT = """
import signal, sys, tempfile, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
tempfile.tempdir = sys.argv[1]
import pyiismod
iis = pyiismod.Server(environment={"IISMOD_CRASH_IN": sys.argv[3]}, timeout=600)
def live():
    iis.load(sys.argv[2])
    iis.get("/")
if sys.argv[3] == "no phase":
    live()
else:
    threading.Thread(target=live, daemon=True).start()
    def phases():
        threads = iis._worker._box.threads() if iis._worker else []
        return [name for thread in threads for frame in thread.frames for name in (frame.phase, frame.notification)]
    while sys.argv[3] not in phases():
        time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""


STARTING = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from pyiismod.runtime import find
from pyiismod.worker.client import WorkerClient
spawn = WorkerClient._spawn
def announced(*arguments):
    process = spawn(*arguments)
    print("ready", flush=True)
    return process
WorkerClient._spawn = announced
WorkerClient(find())
"""


def parent(directory: Path, path: Path, phase: str) -> subprocess.Popen[bytes]:
    """Start a Python that has a worker in a certain state."""
    arguments = [sys.executable, "-c", PARENT, os.fspath(directory), os.fspath(path), phase]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("phase", ["no phase", "OnBeginRequest", "DllMain"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_our_side_dies(
    windows: Runtime,
    dll: Callable[[str], Path],
    scratch: Path,
    leftovers: Leftovers,
    number: signal.Signals,
    phase: str,
) -> None:
    with parent(scratch, dll("crash_hang"), phase) as process:
        there = list(scratch.iterdir())
        process.send_signal(number)
        process.communicate()
    assert len(there) == 1
    assert leftovers(scratch) == []


def test_our_side_dies_while_the_worker_starts(windows: Runtime, scratch: Path, leftovers: Leftovers) -> None:
    arguments = [sys.executable, "-c", STARTING, os.fspath(scratch)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.kill()
    assert leftovers(scratch) == []


def test_children_of_a_module_end_with_the_worker(
    windows: Runtime, server: Callable[..., pyiismod.Server], dll: Callable[[str], Path]
) -> None:
    mine = token_hex(8)

    def children() -> int:
        sleeping = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                is_mine = mine.encode() in (process / "environ").read_bytes()
                sleeping += is_mine and b"time.sleep(1) for _ in iter(int, 1)" in (process / "cmdline").read_bytes()
            except OSError:
                continue
        return sleeping

    iis = server(environment={"IISMOD_TEST": mine})
    iis.load(dll("bad_starts_process"))
    assert int(iis.get("/").text) > 0
    assert children() == 1
    iis.close()
    assert children() == 0


@pytest.fixture
def worker(windows: Runtime) -> WorkerClient:
    return WorkerClient(windows)


def test_a_goodbye(worker: WorkerClient) -> None:
    assert worker.ready.platform == "win32"
    assert worker.ready.pointer_size == 8
    assert isinstance(worker.call(Configure(0, {})), Done)
    worker.close()
    worker.close()
    assert not Path(f"/proc/{worker.pid}").exists()


def test_the_supervisor_is_killed(worker: WorkerClient, scratch: Path, leftovers: Leftovers) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"the worker vanished \(killed by signal 9\) and left no report"):
        worker.call(Configure(0, {}))
    assert leftovers(scratch) == []


def test_many_callers_at_once(worker: WorkerClient) -> None:
    worker.call(Configure(0, {}))

    def ask(number: int) -> bool:
        reply = worker.call(Resolve(0, "C:\\", {f"iismod_absent_{number}.dll": []}))
        return isinstance(reply, Resolved) and reply.missing_dlls == [f"iismod_absent_{number}.dll"]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(300)))
    worker.close()


def test_a_command_before_its_time_is_an_answer(worker: WorkerClient) -> None:
    reply = worker.call(Unload(0))
    assert isinstance(reply, Failed)
    assert reply.error.type == "WorkerError"
    assert isinstance(worker.call(Configure(0, {})), Done)
    worker.close()


def test_a_hung_request_does_not_hold_up_others_until_its_deadline(
    server: Callable[..., pyiismod.Server], dll: Callable[[str], Path]
) -> None:
    iis = server(environment={"IISMOD_CRASH_IN": "OnBeginRequest"}, timeout=2)
    iis.load(dll("crash_hang"))
    with pytest.raises(ModuleHung):
        iis.get("/")
    with pytest.raises(ModuleHung):
        iis.get("/")


def test_closing_ends_a_module_that_was_never_unloaded(windows: Runtime, dll: Callable[[str], Path]) -> None:
    """Our goodbye is ExitProcess: what is still loaded gets DLL_PROCESS_DETACH, and may fail there."""
    worker = WorkerClient(windows, environment={"IISMOD_CRASH_IN": "DLL_PROCESS_DETACH"})
    worker.call(Configure(0, {}))
    loaded = worker.call(Load(0, windows.to_windows(dll("crash_terminate")), "crash"))
    assert isinstance(loaded, Loaded)
    with pytest.raises(ModuleExited, match="ended the process in DLL_PROCESS_DETACH: TerminateProcess"):
        worker.close()
    worker.close()
