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
from pyiismod.worker.client import WorkerClient

__all__ = ["WorkerPool"]

Examined = tuple[Image, list[LoadWarning]]


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

    def take(self) -> WorkerClient:
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
                return worker
            worker.close()
        self.started += 1
        return WorkerClient(self.runtime, timeout=self._timeout)

    def give_back(self, worker: WorkerClient) -> None:
        """Take a worker that is as good as new."""
        with self._lock:
            self._idle.append(worker)

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
