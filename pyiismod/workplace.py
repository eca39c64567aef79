"""The worker process behind a server: one after another, with the same modules in each.

When a module ends it, the call that did raises the reason, and the next call starts a fresh one and loads the same
modules again, as WAS restarts w3wp.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any, Protocol, TypeVar

from pyiismod import errors
from pyiismod.errors import PyiismodError, WorkerError
from pyiismod.guarded import name_owner
from pyiismod.inspection import Image, LoadWarning, explain_missing, forwards, import_closure, preflight, read_image
from pyiismod.module import Module
from pyiismod.pool import Lease, WorkerPool
from pyiismod.runtime import Runtime, find
from pyiismod.trace import Trace
from pyiismod.worker import protocol
from pyiismod.worker.call import Call, Listener
from pyiismod.worker.client import start_worker
from pyiismod.worker.output import Output

__all__ = ["Worker", "Workplace"]

_Reply = TypeVar("_Reply", bound=protocol.Reply)


_REMEMBERED = 100_000  # events and refused calls


class Worker(Protocol):
    """What carries out commands: a process, or this one."""

    @property
    def output(self) -> Output:
        """What was printed there."""

    def call(self, command: protocol.Command, deadline: float | None = None) -> protocol.Reply:
        """Carry out one command within ``deadline`` seconds.

        Raises:
            PyiismodError: of any kind.
        """

    def begin(self, command: protocol.Command, deadline: float | None = None, listener: Listener | None = None) -> Call:
        """Send one command, whose reply can be waited for; ``listener`` takes what comes before.

        Raises:
            PyiismodError: of any kind.
        """

    def drain(self) -> None:
        """Wait until every command has its reply."""

    def close(self) -> None:
        """End it. Idempotent."""


class Workplace:
    """Where modules are loaded; :class:`~pyiismod.Server` is one that takes requests, and says what the arguments are.

    Attributes:
        modules: loaded modules in ``<modules>`` order.
    """

    def __init__(
        self,
        *,
        root: str | os.PathLike[str] | None,
        timeout: float,
        environment: dict[str, str] | None,
        runtime: Runtime | None,
        pool: WorkerPool | None,
        in_process: bool,
        strict: bool,
        settings: dict[str, Any],
    ) -> None:
        self._root = root
        self._timeout = timeout
        self._environment = environment
        self._runtime = runtime
        self._pool = None if environment or in_process else pool  # variables are those of one process
        self._in_process = in_process
        self._settings = settings
        self._ledgers = TemporaryDirectory(prefix="pyiismod-") if strict else None
        self._worker: Worker | None = None
        self._is_ready = False
        self._starting = RLock()  # requests may come from many threads
        self._events: deque[protocol.TraceEvent] = deque(maxlen=_REMEMBERED)
        self._refused: deque[str] = deque(maxlen=_REMEMBERED)
        self._output = ""
        self.modules: list[Module] = []

    @property
    def trace(self) -> Trace:
        """Everything so far: loads, requests, and after :meth:`close` the end; the last 100,000 events of it."""
        return Trace(self._events)

    @property
    def output(self) -> str:
        """What the modules have printed so far, on stdout and stderr; of a long text the end."""
        return self._output + (self._worker.output.text() if self._worker else "")

    @property
    def refused(self) -> tuple[str, ...]:
        """Calls so far that the host does not serve, as ``"Interface::Method"``."""
        return tuple(self._refused)

    def start(self) -> None:
        """Start a worker with the modules unless one runs: what the next request would do.

        Raises:
            ModuleError: a module does not load any more.
            RuntimeProblem: there is nothing to run it with.
        """
        self._started()

    def load(self, path: str | os.PathLike[str], name: str | None = None) -> Module:
        """Load a module and let it register.

        Args:
            path: the DLL.
            name: its name in ``<globalModules>``; the file's name without ``.dll`` when None.

        Raises:
            LoadError: it is no module, or would not load in IIS either; the type says why.
            ModuleError: it crashed or hung while it was loaded.
            RuntimeProblem: there is nothing to run it with.
        """
        file = Path(path)
        examine = self._pool.examined if self._pool is not None else lambda _, examine: examine()
        image, warnings = examine(file, lambda: self._examine(file))
        worker = self._started()
        module = self._load(worker, image, name or file.stem, warnings)
        self.modules.append(module)
        return module

    def close(self) -> None:
        """Terminate and unload all modules and end the worker. Idempotent.

        Raises:
            ModuleError: a module crashed or hung on its way out; the worker is gone all the same.
        """
        if (worker := self._worker) is not None:
            self._retire(worker, graceful=False)

    def recycle(self) -> None:
        """Terminate and unload all modules and end the worker; the next request finds a new one, with the same modules.

        Raises:
            ModuleError: a module crashed or hung on its way out; the worker is gone all the same.
        """
        if (worker := self._worker) is not None:
            self._retire(worker, graceful=True)

    def usage(self) -> protocol.Measured:
        """Return what the worker holds: handles, threads, blocks of its heaps, bytes, objects of modules.

        Raises:
            ModuleError: a module crashed meanwhile.
        """
        return self._call(self._started(), protocol.Measure(0), protocol.Measured)

    def reload(self) -> None:
        """Terminate and unload all modules, and load them again into the same process, as a second server there.

        IIS does not do that; a module that bears it leaves nothing behind when it goes.

        Raises:
            ModuleError: a module crashed or hung on its way out or in.
        """
        worker = self._started()
        self._call(worker, protocol.Unload(0), protocol.Unloaded)
        self._furnish(worker)

    def _raise(self, notification: str, **details: Any) -> protocol.Raised:
        worker = self._started()
        raised = self._call(worker, protocol.Raise(0, notification, **details), protocol.Raised)
        if raised.recycle:
            self._retire(worker, graceful=True)
        return raised

    def _retire(self, worker: Worker, *, graceful: bool) -> None:
        """End a worker when its requests have: new ones go to a new worker. Once; later calls do nothing."""
        with self._starting:
            if self._worker is not worker:
                return
            self._worker, self._is_ready = None, False
        is_clean = False
        try:
            is_clean = not self._call(worker, protocol.Unload(0, graceful), protocol.Unloaded).left
            worker.drain()  # requests that came too late are told so
        finally:
            self._close(worker, is_clean=is_clean)

    def _abandon(self, worker: Worker) -> None:
        """End a worker, unless that has happened: of many calls that fail with it, one is the first."""
        with self._starting:
            if self._worker is not worker:
                return
            self._worker, self._is_ready = None, False
        self._close(worker)

    def _close(self, worker: Worker, *, is_clean: bool = False) -> None:
        try:
            if is_clean and self._pool is not None and isinstance(worker, Lease):
                worker.end()
                self._output += worker.output.take()
                self._pool.give_back(worker)
                return
            worker.close()
        finally:
            self._output += worker.output.take()

    def _started(self) -> Worker:
        with self._starting:
            if self._worker is None:
                self._worker = worker = self._start()
                self._furnish(worker)
                self._is_ready = True
            return self._worker

    def _furnish(self, worker: Worker) -> None:
        """Configure a server in a worker, and load the modules there."""
        root = None if self._root is None else self._windows_path(Path(self._root).resolve())
        settings = {**self._settings, "root": root}
        if self._ledgers is not None:
            settings["strict"] = self._windows_path(self._ledger)
        self._call(worker, protocol.Configure(0, settings, self._pool is not None), protocol.Done)
        self.modules = [self._load(worker, read_image(module.path), module.name) for module in self.modules]

    def _start(self) -> Worker:
        if self._in_process:
            from pyiismod.worker.inprocess import InProcess  # the whole host comes with it

            return InProcess()
        if self._pool is not None:
            self._runtime = self._pool.runtime
            return self._pool.take()
        self._runtime = self._runtime or find()
        return start_worker(self._runtime, timeout=self._timeout, environment=self._environment)

    def _call(self, worker: Worker, command: protocol.Command, kind: type[_Reply]) -> _Reply:
        """Carry out a command."""
        return self._settle(worker, lambda: worker.call(command, self._timeout), command, kind)

    def _settle(
        self, worker: Worker, wait: Callable[[], protocol.Reply], command: protocol.Command, kind: type[_Reply]
    ) -> _Reply:
        """Wait for a reply. Any failure ends the worker, because nobody knows what state the module left it in."""
        try:
            reply = wait()
            self._events += getattr(reply, "trace", [])
            self._refused += getattr(reply, "refused", [])
            if isinstance(reply, protocol.Failed):
                raise _error(reply.error)
            if not isinstance(reply, kind):
                raise WorkerError(f"the worker answered {type(command).__name__} with {type(reply).__name__}")
        except PyiismodError as error:
            self._abandon(worker)
            if self._ledgers is not None and isinstance(error, errors.ModuleCrashed):
                raise name_owner(error, self._ledger) from None
            raise
        return reply

    @property
    def _ledger(self) -> Path:
        """Where the worker lists guarded buffers."""
        return Path(self._ledgers.name if self._ledgers is not None else "") / "buffers"

    def _load(self, worker: Worker, image: Image, name: str, warnings: Sequence[LoadWarning] = ()) -> Module:
        file = Path(image.path).resolve()
        beside = (file.with_name(dll) for dll in forwards(image))
        companions = [self._windows_path(path) for path in beside if path.is_file()]
        command = protocol.Load(0, self._windows_path(file), name, companions)
        return Module(name, file, self._call(worker, command, protocol.Loaded), warnings)

    def _examine(self, file: Path) -> tuple[Image, list[LoadWarning]]:
        image = preflight(file)
        return image, self._check_imports(self._started(), image)

    def _check_imports(self, worker: Worker, image: Image) -> list[LoadWarning]:
        """Resolve the module's imports where it will run: Wine itself loads a DLL whose functions are missing."""
        closure = import_closure(image)
        command = protocol.Resolve(0, self._windows_path(Path(image.path).resolve().parent), closure.wanted())
        resolved = self._call(worker, command, protocol.Resolved)
        return explain_missing(closure, resolved.missing_dlls, resolved.missing_functions, resolved.builtin)

    def _windows_path(self, path: Path) -> str:
        return str(path) if self._runtime is None else self._runtime.to_windows(path)


def _error(info: protocol.ErrorInfo) -> PyiismodError:
    kind = getattr(errors, info.type, WorkerError) if info.type in errors.__all__ else WorkerError
    error: PyiismodError = kind(info.message, hint=info.hint, details=info.details)
    return error
