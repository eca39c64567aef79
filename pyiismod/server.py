"""The server that modules are loaded into: the front of the worker.

    with pyiismod.Server(root="wwwroot") as iis:
        module = iis.load("module.dll")
        response = iis.get("/hello?x=1", headers={"X-Test": "1"})

One server has one worker process at a time; :mod:`pyiismod.workplace` says when there is another.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pyiismod.content import Content, ContentTypes
from pyiismod.conversation import Conversation
from pyiismod.errors import UsageError
from pyiismod.handler import HandlerRequest, HandlerResult, from_callable, from_wsgi
from pyiismod.happenings import Happenings
from pyiismod.headers import Headers
from pyiismod.pool import WorkerPool
from pyiismod.request import HeaderTypes, UserTypes, build, check_schedule, user_of
from pyiismod.response import Response, Sent
from pyiismod.runtime import Runtime
from pyiismod.streaming import Door, ResponseStream, Way
from pyiismod.trace import Trace
from pyiismod.worker import protocol
from pyiismod.worker.client import Closed
from pyiismod.workplace import Worker, Workplace

if TYPE_CHECKING:
    from pyiismod.asyncstreaming import AsyncResponseStream

__all__ = ["Server"]


class Server(Workplace, Happenings):
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
        super().__init__(
            root=root,
            timeout=timeout,
            environment=environment,
            runtime=runtime,
            pool=pool,
            in_process=in_process,
            strict=strict,
            settings=settings,
        )
        self._schedule = schedule
        self._user = user_of(user)
        self._record = record

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is None:
            self.close()
        elif self._worker is not None:
            self._abandon(self._worker)

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
