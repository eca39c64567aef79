"""The server that modules are loaded into: the front of the worker.

    with pyiismod.Server(root="wwwroot") as iis:
        module = iis.load("module.dll")
        response = iis.get("/hello?x=1", headers={"X-Test": "1"})

One server has one worker process. When a module ends it, the call that did raises the reason, and the next call starts
a fresh worker and loads the same modules again, as WAS restarts w3wp.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pyiismod import errors
from pyiismod.content import Content, ContentTypes
from pyiismod.conversation import Conversation
from pyiismod.errors import PyiismodError, UsageError, WorkerError
from pyiismod.guarded import name_owner
from pyiismod.handler import HandlerRequest, HandlerResult, from_callable, from_wsgi
from pyiismod.happenings import Happenings
from pyiismod.headers import Headers
from pyiismod.inspection import Image, LoadWarning, explain_missing, forwards, import_closure, preflight, read_image
from pyiismod.module import Module
from pyiismod.pool import Lease, WorkerPool
from pyiismod.request import HeaderTypes, UserTypes, build, check_schedule, user_of
from pyiismod.response import Response, Sent
from pyiismod.runtime import Runtime, find
from pyiismod.streaming import Door, ResponseStream, Way
from pyiismod.trace import Trace
from pyiismod.worker import protocol
from pyiismod.worker.call import Call, Listener
from pyiismod.worker.client import Closed, WorkerClient
from pyiismod.worker.output import Output

if TYPE_CHECKING:
    from pyiismod.asyncstreaming import AsyncResponseStream

__all__ = ["Server"]

_Reply = TypeVar("_Reply", bound=protocol.Reply)


_SOON = 5.0  # seconds
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


class Server(Happenings):
    """A fake IIS with one site.

    When a module asks for it (``RecycleProcess``, ``ReportUnhealthy``), its worker is replaced after the request.

    Args:
        root: folder with the site's content; None for a site without any.
        timeout: seconds that one command (a load, a request) may take.
        environment: environment variables for the worker, besides its own.
        runtime: where to run the worker; found by itself when None.
        pool: where workers come from and go to; each server has one of its own when None.
        in_process: load modules into this very process (Windows only), for a debugger.
        schedule: when completions of asynchronous work are delivered, unless a request says otherwise: ``"threaded"``
            on another thread after the handler has returned PENDING, as IIS does mostly; ``"inline"`` on the request's
            own thread, so that every run is the same; ``"early"`` on another thread before the call that started it
            has returned; a number draws one of these for each completion.
        record: whether :attr:`Response.trace` has the calls of each request; without them requests are faster, and
            violations and refused calls are noted all the same.
        strict: put guard pages around every buffer that modules get, and take it away at its end: a wrong access faults
            at once, and the crash names the buffer (``details["guarded"]``). Slow.
        app: a WSGI application that answers what no module has handled, in place of the static content.
        content_handler: a function that does; see :mod:`pyiismod.handler`.
        user: who makes the requests, as IIS has authenticated them, unless one says otherwise: ``"alice"``,
            ``("alice", "password")`` or a :class:`~pyiismod.User`; None for nobody.
        settings: fields of :class:`pyiismod.host.settings.Settings`, such as ``iis_version="8.5"``.

    Attributes:
        modules: loaded modules in ``<modules>`` order.
    """

    def __init__(
        self,
        *,
        root: str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        environment: dict[str, str] | None = None,
        runtime: Runtime | None = None,
        pool: WorkerPool | None = None,
        in_process: bool = False,
        schedule: str | int = "threaded",
        record: bool = True,
        strict: bool = False,
        app: Callable[..., Iterable[bytes]] | None = None,
        content_handler: Callable[[HandlerRequest], HandlerResult] | None = None,
        user: UserTypes | None = None,
        **settings: Any,
    ) -> None:
        check_schedule(schedule)
        if root is not None and not Path(root).is_dir():
            raise UsageError(f"The site's root {os.fspath(root)!r} is not a folder.")
        if app is not None and content_handler is not None:
            raise UsageError("A server has one handler behind its modules: app or content_handler, not both.")
        self._handler = from_wsgi(app) if app else from_callable(content_handler) if content_handler else None
        self._root = root
        self._timeout = timeout
        self._environment = environment
        self._runtime = runtime
        self._pool = None if environment or in_process else pool  # variables are those of one process
        self._in_process = in_process
        self._schedule = schedule
        self._user = user_of(user)
        self._record = record
        self._settings = settings
        self._ledgers = TemporaryDirectory(prefix="pyiismod-") if strict else None
        self._worker: Worker | None = None
        self._is_ready = False
        self._starting = RLock()  # requests may come from many threads
        self._events: deque[protocol.TraceEvent] = deque(maxlen=_REMEMBERED)
        self._refused: deque[str] = deque(maxlen=_REMEMBERED)
        self._output = ""
        self.modules: list[Module] = []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is None:
            self.close()
        elif self._worker is not None:
            self._abandon(self._worker)

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

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: HeaderTypes | None = None,
        content: ContentTypes | None = None,
        remote: tuple[str, int] = ("127.0.0.1", 50000),
        http_version: str = "1.1",
        short_reads: int | None = None,
        disconnect_after: int | None = None,
        schedule: str | int | None = None,
        user: UserTypes | None = None,
        connection: str = "",
        certificate: bytes = b"",
    ) -> Response:
        """Fire one request through the modules and return what the client gets.

        Args:
            method: the verb.
            url: ``http://host[:port]/path?query``, or only ``/path?query``.
            headers: a mapping, or pairs when names repeat.
            content: the entity body: bytes, text (sent as UTF-8), a file opened for reading bytes, or anything that
                yields bytes, which is sent chunked.
            remote: address and port of the client.
            http_version: ``"1.1"`` or ``"1.0"``.
            short_reads: a number: modules get the body in pieces of sizes drawn from that seed.
            disconnect_after: the client goes away after so many bytes of the body.
            schedule: when completions are delivered; the server's when None.
            user: who makes it, as IIS has authenticated them; the server's when None.
            connection: name of the connection that carries it: requests of one name share it while it is kept alive,
                and :meth:`disconnect` ends it; "" for a connection of its own.
            certificate: the client's, DER; empty for none.

        Raises:
            UsageError: something in the request cannot be sent.
            ModuleError: a module crashed, hung or ended the process.
        """
        body = Content(content)
        command = self._build(
            method,
            url,
            headers=headers,
            content=body,
            remote=remote,
            http_version=http_version,
            short_reads=short_reads,
            disconnect_after=disconnect_after,
            schedule=schedule,
            user=user,
            connection=connection,
            certificate=certificate,
        )
        fired, worker = self._fire(command, body)
        self._recycle(fired, worker)
        return _response(fired, command)

    def stream(self, method: str, url: str, *, content: ContentTypes | None = None, **options: Any) -> ResponseStream:
        """Fire one request, and take its response while it is made.

        Args:
            method: the verb.
            url: as of :meth:`request`.
            content: as of :meth:`request`; it is sent while the response is taken.
            options: those of :meth:`request`.

        Returns:
            what to enter with ``with``; that sends the request.

        Raises:
            UsageError: something in the request cannot be sent.
        """
        body = Content(content)
        command = self._build(method, url, content=body, stream=True, **options)
        return ResponseStream(self._door(body, command))

    def astream(
        self, method: str, url: str, *, content: ContentTypes | AsyncIterable[bytes] | None = None, **options: Any
    ) -> AsyncResponseStream:
        """Fire one request from a coroutine, and take its response while it is made.

        Args:
            method: the verb.
            url: as of :meth:`request`.
            content: as of :meth:`request`, or anything that yields bytes asynchronously.
            options: those of :meth:`request`.

        Returns:
            what to enter with ``async with``; that sends the request.

        Raises:
            UsageError: something in the request cannot be sent.
        """
        from pyiismod.asyncstreaming import AsyncResponseStream  # with it comes asyncio, 30 ms

        source = content if isinstance(content, AsyncIterable) else None
        body = Content(content) if not isinstance(content, AsyncIterable) else Content.flowing()
        command = self._build(method, url, content=body, stream=True, **options)
        return AsyncResponseStream(self._door(body, command), source)

    def _door(self, body: Content, command: protocol.Fire) -> Door:
        def begin(changed: Callable[[], None] | None) -> Way:
            while True:
                conversation, worker = Conversation(body, self._handler, changed), self._started()
                with suppress(Closed):
                    return Way(conversation, worker.begin(command, self._timeout, conversation), worker)

        return Door(body, lambda: self._is_ready, begin, lambda worker, wait: self._take_end(worker, command, wait))

    def _build(
        self, method: str, url: str, *, schedule: str | int | None = None, user: UserTypes | None = None, **options: Any
    ) -> protocol.Fire:
        options["schedule"] = self._schedule if schedule is None else schedule
        options["user"] = self._user if user is None else user
        return build(method, url, record=self._record, asks=self._handler is not None, **options)

    def get(self, url: str, **options: Any) -> Response:
        """Send a GET; see :meth:`request`."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        """Send a HEAD; see :meth:`request`."""
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """Send a POST; see :meth:`request`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """Send a PUT; see :meth:`request`."""
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """Send a DELETE; see :meth:`request`."""
        return self.request("DELETE", url, **options)

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

    def _fire(self, command: protocol.Fire, body: Content) -> tuple[protocol.Fired, Worker]:
        """Send a request to a worker that takes it, and return that worker."""
        while True:
            worker = self._started()
            try:
                if body.rest is None and self._handler is None:
                    fired = self._call(worker, command, protocol.Fired)
                else:
                    fired = self._converse(worker, command, body)
            except Closed:
                continue
            if not fired.gone:
                return fired, worker

    def _converse(self, worker: Worker, command: protocol.Fire, body: Content) -> protocol.Fired:
        """Carry out a request whose bodies flow."""
        conversation = Conversation(body, self._handler)

        def converse() -> protocol.Reply:
            call = worker.begin(command, self._timeout, conversation)
            conversation.pump()
            return call.wait()

        fired = self._settle(worker, converse, command, protocol.Fired)
        conversation.check()
        return fired

    def _take_end(self, worker: Worker, command: protocol.Fire, wait: Callable[[], protocol.Reply]) -> protocol.Fired:
        """Wait for the end of a streamed request."""
        fired = self._settle(worker, wait, command, protocol.Fired)
        self._recycle(fired, worker)
        return fired

    def _recycle(self, fired: protocol.Fired, worker: Worker) -> None:
        if fired.recycle:
            self._retire(worker, graceful=True)

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
        started = monotonic()
        try:
            return WorkerClient(self._runtime, timeout=self._timeout, environment=self._environment)
        except WorkerError:  # a wineserver that is just ending takes who comes then with it; no module was there yet
            if monotonic() - started > _SOON:
                raise
            return WorkerClient(self._runtime, timeout=self._timeout, environment=self._environment)

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


def _response(fired: protocol.Fired, command: protocol.Fire) -> Response:
    return Response(
        fired.status,
        fired.substatus,
        fired.reason,
        Headers(fired.headers),
        fired.body,
        Trace(fired.trace),
        tuple(fired.refused),
        fired.connection,
        tuple(fired.interim),
        fired.log,
        Sent.of(command),
    )


def _error(info: protocol.ErrorInfo) -> PyiismodError:
    kind = getattr(errors, info.type, WorkerError) if info.type in errors.__all__ else WorkerError
    error: PyiismodError = kind(info.message, hint=info.hint, details=info.details)
    return error
