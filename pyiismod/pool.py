"""Workers that are used again: a server that ends with its test costs milliseconds, not the start of a process.

    with pyiismod.WorkerPool() as pool:
        for test in tests:
            with pyiismod.Server(pool=pool) as iis:
                iis.load("module.dll")

A server that closes gives its worker back. Before another gets it, the modules were terminated and really unloaded, so
their static variables begin anew, and the worker has looked whether it is as it was before them
(:mod:`pyiismod.host.remains`). A module that leaves something (a thread, a pinned DLL, another environment), or one
that crashes, costs its worker; the next server starts a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import TracebackType

from pyiismod.inspection import Image, LoadWarning
from pyiismod.runtime import Runtime, find
from pyiismod.worker.call import Call, Listener
from pyiismod.worker.client import Closed, WorkerClient, start_worker
from pyiismod.worker.output import Output
from pyiismod.worker.protocol import Command, Reply

__all__ = ["Lease", "WorkerPool"]

Examined = tuple[Image, list[LoadWarning]]


class Lease:
    """A worker as long as one server has it; calls behind the end find it closed, whoever has it by then.

    Args:
        worker: the pool's.
    """

    def __init__(self, worker: WorkerClient) -> None:
        self.worker = worker
        self._lock = Lock()
        self._is_over = False

    @property
    def output(self) -> Output:
        """What was printed there."""
        return self.worker.output

    def call(self, command: Command, deadline: float | None = None) -> Reply:
        """As of :class:`~pyiismod.worker.client.WorkerClient`."""
        return self.begin(command, deadline).wait()

    def begin(self, command: Command, deadline: float | None = None, listener: Listener | None = None) -> Call:
        """As of :class:`~pyiismod.worker.client.WorkerClient`."""
        with self._lock:
            if self._is_over:
                raise Closed("the worker was given back")
            return self.worker.begin(command, deadline, listener)

    def end(self) -> None:
        """Take no more calls, and wait until those under way are answered and all that was printed has come."""
        with self._lock:
            self._is_over = True
        self.worker.drain()
        self.worker.catch_up()

    def drain(self) -> None:
        """Wait until every call has its reply, or has failed."""
        self.worker.drain()

    def close(self) -> None:
        """End the worker: it is not used again."""
        self.worker.close()


class WorkerPool:
    """Any number of threads may use it.

    Args:
        runtime: where to run workers; found by itself when None.
        timeout: seconds that the start of one may take.

    Attributes:
        started: workers started so far.
    """

    def __init__(self, runtime: Runtime | None = None, *, timeout: float = 30.0) -> None:
        self.started = 0
        self._runtime = runtime
        self._timeout = timeout
        self._idle: list[WorkerClient] = []
        self._lock = Lock()
        self._examined: dict[tuple[Path, int, int], Examined] = {}

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def runtime(self) -> Runtime:
        """Where workers run.

        Raises:
            RuntimeProblem: there is nothing to run them with.
        """
        self._runtime = self._runtime or find()
        return self._runtime

    def take(self) -> Lease:
        """Return a worker without modules; the caller gives it back or closes it.

        Raises:
            RuntimeProblem, WorkerError: none could be started.
        """
        while True:
            with self._lock:
                if not self._idle:
                    break
                worker = self._idle.pop()
            if worker.alive:
                return Lease(worker)
            worker.close()
        self.started += 1
        return Lease(start_worker(self.runtime, timeout=self._timeout))

    def give_back(self, lease: Lease) -> None:
        """Take a worker that is as good as new; its lease has ended."""
        with self._lock:
            self._idle.append(lease.worker)

    def examined(self, file: Path, examine: Callable[[], Examined]) -> Examined:
        """Return what is known of a DLL, which is examined anew only when it has changed.

        Raises:
            LoadError: it is no module, or would not load.
        """
        try:
            status = file.stat()
        except OSError:
            return examine()
        key = (file.resolve(), status.st_mtime_ns, status.st_size)
        if key not in self._examined:
            self._examined[key] = examine()
        return self._examined[key]

    def close(self) -> None:
        """End all workers that nobody has. Idempotent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()
