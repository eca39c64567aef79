"""Our side of a worker: starts it, talks to it, and says precisely how it ended.

    with WorkerClient(runtime) as worker:
        reply = worker.call(Load(0, r"Z:\\srv\\module.dll", "module"))

A worker lives once. Whatever goes wrong with it - no answer in time, no more process, no protocol - it is ended, every
call that waits gets the same error, and so does every later one; a new client is a new worker. Three threads serve it:
one reads replies when no caller does (:mod:`pyiismod.worker.replies`), one reads what it prints, and the guard, which
alone decides about life and death. The end of a worker is the end of the supervisor's process, never an end-of-file:
wineserver may hold pipes open for seconds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

import pyiismod
from pyiismod.abi import abi_hash
from pyiismod.errors import PyiismodError, RuntimeBroken, WorkerError
from pyiismod.worker.blackbox import BlackBoxReader
from pyiismod.worker.call import Call, Listener, again
from pyiismod.worker.evidence import Evidence, Hang
from pyiismod.worker.lifeline import Lifeline
from pyiismod.worker.output import Output
from pyiismod.worker.protocol import PROTOCOL_VERSION, Command, Ready, Reply, Shutdown
from pyiismod.worker.replies import Replies

if TYPE_CHECKING:
    from pyiismod.runtime import Runtime

__all__ = ["Closed", "WorkerClient", "start_worker"]

_SOON = 5.0  # seconds in which a worker that starts may die once
_GUARD_PERIOD = 0.1  # seconds between two looks at deadlines and process
_DUMP_PATIENCE = 15.0  # seconds for the stacks of all threads
_DRAIN = 0.002  # seconds between two looks
_DRAIN_PATIENCE = 1.0  # seconds for what is still in the pipes of a dead worker
_PIPE_SIZE = 512 << 10  # bytes; a piece of a body, and the next one
_START = "from pyiismod.worker.serve import main; main()"


class Closed(WorkerError):
    """The worker was closed before: nothing has happened."""


class WorkerClient:
    """One worker process.

    Args:
        runtime: where to run it.
        timeout: seconds for the start, and for a call that names no deadline.
        environment: variables for the worker, besides the runtime's.

    Attributes:
        pid: of the supervisor, on this system.
        ready: what the worker said about itself.
        output: what the worker and its modules printed.

    Raises:
        WorkerError: it did not start, or is of another version than we are.
        RuntimeBroken: the runtime's programs cannot be run.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        timeout: float = 30.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.output = Output()
        self._timeout = timeout
        self._leaving = False
        self._look = Event()
        self._directory = Path(tempfile.mkdtemp(prefix="pyiismod-", dir=runtime.scratch))
        self._box = BlackBoxReader.create(os.fspath(self._directory / "box"))
        self._life = Lifeline(self._directory / "life")
        try:
            self._process = self._spawn(runtime, environment or {})
        except OSError as error:
            self._clean_up()
            raise RuntimeBroken(f"the runtime cannot be started: {error}") from error
        self.pid = self._process.pid
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        if stdin is None or stdout is None or stderr is None:
            raise AssertionError("Popen was asked for three pipes")
        _widen(stdin.fileno(), stdout.fileno())
        name = f"pyiismod-replies-{self.pid}"
        self._replies = Replies(stdout, stdin.fileno(), name, self._look.set, self._box.note_sent)
        self._channel = self._replies.channel
        handshake = Call("the start", timeout)
        self._replies.expect(handshake, self._send)
        self._printing = Thread(
            target=self._read_output, args=(stderr,), name=f"pyiismod-output-{self.pid}", daemon=True
        )
        self._guard = Thread(target=self._watch, name=f"pyiismod-guard-{self.pid}", daemon=True)
        for thread in (self._printing, self._guard):
            thread.start()
        try:
            self.ready = _checked(handshake.wait())
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> WorkerClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.close()
        except PyiismodError:
            if error is None:
                raise

    @property
    def alive(self) -> bool:
        """Whether calls can still be made."""
        return self._replies.death is None

    def call(self, command: Command, deadline: float | None = None) -> Reply:
        """Send a command and wait for its reply. Any number of threads may call.

        Args:
            command: its ``id`` is replaced.
            deadline: seconds; ``timeout`` when None.

        Raises:
            ModuleCrashed, ModuleExited, ModuleHung: a module ended the worker, or did not come back.
            WorkerError: the worker failed, or has ended before.
        """
        return self.begin(command, deadline).wait()

    def begin(self, command: Command, deadline: float | None = None, listener: Listener | None = None) -> Call:
        """Send a command; return what its reply can be waited for with.

        Args:
            command: its ``id`` is replaced.
            deadline: seconds between two signs of life; ``timeout`` when None.
            listener: who takes what comes before the reply.

        Raises:
            WorkerError: the worker has ended before.
        """
        call = Call(command, self._timeout if deadline is None else deadline, listener)
        number = self._replies.expect(call, self._send)
        try:
            self._channel.send(msgspec.structs.replace(command, id=number))
        except OSError:
            self._look.set()  # the worker is going; the guard settles every call
        except BaseException:
            self._replies.forget(number)
            raise
        return call

    def _send(self, message: object) -> None:
        try:
            self._channel.send(message)
        except OSError:
            self._look.set()

    def catch_up(self) -> None:
        """Wait until everything that was printed before the last reply is in :attr:`output`."""
        until = monotonic() + _DRAIN_PATIENCE
        stream = self._process.stderr
        while stream is not None and not stream.closed and _waiting_in(stream.fileno()) and monotonic() < until:
            sleep(0.001)

    def drain(self) -> None:
        """Wait until every call has its reply, or has failed."""
        while not self._replies.is_idle:
            sleep(_DRAIN)

    def close(self) -> None:
        """End the worker: with a goodbye, or by force when a call still waits for it. Idempotent.

        Raises:
            ModuleCrashed, ModuleExited, ModuleHung: a module that was still loaded failed on the way out.
        """
        polite = self.alive and self._replies.is_idle
        self._leaving = True
        if polite:
            with contextlib.suppress(WorkerError):
                self.call(Shutdown(0))
                self._guard.join(self._timeout)
        self._end()
        death = self._replies.death
        if polite and death is not None and not isinstance(death, WorkerError):
            raise again(death)

    # --- start and end ------------------------------------------------------------------------------------------

    def _spawn(self, runtime: Runtime, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        directory, box = (runtime.to_windows(path) for path in (self._directory, self._directory / "box"))
        worker = runtime.windows_command("-c", _START, box)
        runtime.warm_up()
        return subprocess.Popen(
            [*runtime.loader, os.fspath(runtime.supervisor), directory, "--", *worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**runtime.environment(), **environment},
            **_detached(),
        )

    def _end(self) -> None:
        """Kill what is left and wait until all is cleaned up."""
        if self._process.poll() is None:
            self._process.kill()
        self._look.set()
        self._guard.join()

    def _clean_up(self) -> None:
        self._life.cut()
        self._box.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    # --- the reading threads ------------------------------------------------------------------------------------

    def _read_output(self, stream: Any) -> None:
        with stream, contextlib.suppress(OSError):
            while piece := os.read(stream.fileno(), 65536):
                self.output.add(piece)

    # --- the guard ----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        hang = None
        while self._process.poll() is None:
            self._look.wait(_GUARD_PERIOD)
            if self._look.is_set():
                self._wait_or_kill(0 if self._replies.trouble else _DRAIN_PATIENCE)
            elif hang := self._replies.overdue(monotonic()):
                self._box.request_dump()
                self._wait_or_kill(_DUMP_PATIENCE)
            else:
                self._replies.check()
        self._settle(self._process.wait(), hang)

    def _wait_or_kill(self, seconds: float) -> None:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _settle(self, status: int, hang: Hang | None) -> None:
        """Say why the worker ended, to everybody who waits and for ever."""
        self._replies.finish(_DRAIN_PATIENCE)
        self._printing.join(_DRAIN_PATIENCE)
        error = self._cause(status, hang)
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._clean_up()
        self._replies.fail(error)

    def _cause(self, status: int, hang: Hang | None) -> PyiismodError:
        from pyiismod.worker.postmortem import explain

        report = self._directory / "postmortem.json"
        if trouble := self._replies.trouble:
            details = {"output": self.output.text()}
            return WorkerError(f"the worker does not keep to the protocol: {trouble}", details=details)
        if not report.exists() and self._leaving and hang is None:
            return Closed("the worker was closed")
        return explain(Evidence.gather(report, self._box, self.output.text(), status, hang))


def start_worker(
    runtime: Runtime, *, timeout: float = 30.0, environment: Mapping[str, str] | None = None
) -> WorkerClient:
    """Return a worker. One that dies as it starts is started once more: no module was there yet, and a wineserver that
    is just ending takes with it who comes then.

    Raises:
        WorkerError, RuntimeBroken: as of :class:`WorkerClient`.
    """
    started = monotonic()
    try:
        return WorkerClient(runtime, timeout=timeout, environment=environment)
    except WorkerError:
        if monotonic() - started > _SOON:
            raise
        return WorkerClient(runtime, timeout=timeout, environment=environment)


def _checked(reply: Reply) -> Ready:
    """Make sure that both sides are of one version.

    Raises:
        WorkerError: they are not.
    """
    if not isinstance(reply, Ready):
        raise WorkerError(f"the worker began with {type(reply).__name__} instead of Ready")
    for what, theirs, ours in (
        ("protocol", reply.protocol, PROTOCOL_VERSION),
        ("version", reply.version, pyiismod.__version__),
        ("ABI", reply.abi_hash, abi_hash()),
        ("pointer size", reply.pointer_size, 8),
    ):
        if theirs != ours:
            raise WorkerError(
                f"the worker has {what} {theirs}, this side {what} {ours}",
                hint="Both have to be the same pyiismod; pyiismod runtime install renews the worker's side.",
            )
    return reply


def _widen(*pipes: int) -> None:
    """Let pipes hold more, where the system allows it: bodies then need fewer switches between the processes."""
    if sys.platform == "linux":
        import fcntl

        for pipe in pipes:
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _waiting_in(pipe: int) -> int:
    """Return how many bytes wait in a pipe."""
    if sys.platform == "win32":
        import msvcrt
        from ctypes import byref, c_ulong, windll

        waiting = c_ulong()
        windll.kernel32.PeekNamedPipe(msvcrt.get_osfhandle(pipe), None, 0, None, byref(waiting), None)
        return waiting.value
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def _detached() -> dict[str, Any]:
    """Keep Ctrl-C in a terminal from the worker: ending it is our business."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"process_group": 0}
