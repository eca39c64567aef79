"""Commands in, replies out: the host behind the protocol. It runs in the worker, or in our own process on Windows.

Settings arrive first (:class:`~pyiismod.worker.protocol.Configure`); everything else is refused before. Any number of
threads may fire requests; loads and unloads are one at a time.
"""

from __future__ import annotations

from gc import collect
from threading import Lock
from typing import TYPE_CHECKING

from pyiismod.errors import PyiismodError, UsageError, WorkerError
from pyiismod.host import win32
from pyiismod.host.applicationlife import Gone
from pyiismod.host.evidence import COUNTS, usage
from pyiismod.host.happenings import happen
from pyiismod.host.iis import Iis
from pyiismod.host.incoming import Incoming
from pyiismod.host.settings import Settings
from pyiismod.host.trace import BlackBox, Timeline
from pyiismod.host.url import parsed
from pyiismod.host.user import Account
from pyiismod.worker import protocol
from pyiismod.worker.exchanges import Streams
from pyiismod.worker.flow import PIECE, Send
from pyiismod.worker.protocol import Answer, Command, ErrorInfo, Registration, Reply, TraceEvent

if TYPE_CHECKING:
    from pyiismod.host.remains import Before

_LARGEST_BODY = 32 << 20


class Engine:
    """The host of one process.

    Args:
        box: notes that survive this process.
        send: takes messages to our side besides replies; None where a reply may be of any size.

    Attributes:
        streams: who takes what belongs to a request under way.
    """

    def __init__(self, box: BlackBox, send: Send | None = None) -> None:
        self._box = box
        self._send = send
        self.streams = Streams()
        self._lock = Lock()
        self._iis: Iis | None = None
        self._before: Before | None = None

    def handle(self, command: Command) -> Reply:
        """Carry out one command.

        Returns:
            its reply; :class:`~pyiismod.worker.protocol.Failed` with the timeline so far when it raised one of
            our own errors.
        """
        is_recorded = not isinstance(command, protocol.Fire) or command.record
        process = self._iis.timeline if self._iis else None
        timeline = Timeline(self._box, process, command.id, is_recorded=is_recorded)
        win32.join_apartment()
        try:
            return self._handle(command, timeline)
        except PyiismodError as error:
            info = ErrorInfo(type(error).__name__, error.message, error.hint, error.details)
            return protocol.Failed(command.id, info, *_told(timeline))

    def _handle(self, command: Command, timeline: Timeline) -> Reply:
        match command:
            case protocol.Fire():
                return self._fire(command, timeline)
            case protocol.Configure():
                self._configure(command)
                return protocol.Done(command.id)
            case protocol.Resolve():
                return _resolve(command)
            case protocol.Load():
                with self._lock:
                    return self._load(command, timeline)
            case protocol.Raise():
                return self._raise(command, timeline)
            case protocol.Measure():
                collect()
                return protocol.Measured(command.id, *usage(), *COUNTS.values())
            case protocol.Unload():
                with self._lock:
                    self._server.unload(timeline, graceful=command.graceful)
                    self._server.end()
                return protocol.Unloaded(command.id, *_told(timeline), self._before.left() if self._before else [])
        raise WorkerError(f"the worker does not know the command {type(command).__name__}")

    @property
    def _server(self) -> Iis:
        if self._iis is None:
            raise WorkerError("the worker was not configured before its first use")
        return self._iis

    def _configure(self, command: protocol.Configure) -> None:
        try:
            settings = Settings.of(command.settings)
        except ValueError as error:
            raise UsageError(f"the server cannot be configured so: {error}") from None
        if command.pooled and self._before is None:
            from pyiismod.host.remains import Before  # only workers that are used again look

            self._before = Before()
        self._iis = Iis(settings, self._box)

    def _load(self, command: protocol.Load, timeline: Timeline) -> Reply:
        module = self._server.load(command.path, command.name, timeline, command.companions)
        info = module.registration
        if info is None:
            raise WorkerError(f"{command.name} was loaded and has no registration")
        registration = Registration(
            hresult=module.hresult,
            factory=bool(info.factory),
            request_notifications=info.request_mask,
            post_notifications=info.post_mask,
            global_module=bool(info.global_module),
            global_notifications=info.global_mask,
            priorities=info.described_priorities(),
        )
        return protocol.Loaded(command.id, registration, *_told(timeline))

    def _fire(self, command: protocol.Fire, timeline: Timeline) -> Reply:
        iis = self._server
        visitor = self.streams.of(command.id) if command.more or command.stream or command.asks else None
        url = parsed(command.scheme, command.authority, command.target)
        incoming = Incoming(
            command.method,
            url,
            command.headers,
            command.body,
            remote=command.remote,
            local=command.local,
            account=None if command.user is None else _account(command.user),
            connection=command.connection,
            certificate=command.certificate,
            version=command.version,
            rest=visitor if command.more else None,
            short_reads=command.short_reads,
            disconnect_after=command.disconnect_after,
            handler=visitor.ask if visitor is not None and command.asks else None,
        )
        client = visitor if command.stream else None
        try:
            outgoing = iis.fire(incoming, timeline, command.schedule, client)
        except Gone:
            return protocol.Fired(command.id, 0, 0, "", [], b"", *_told(timeline), gone=True)
        finally:
            if visitor is not None:
                self.streams.end(command.id)
        if client is not None:
            client.end()
        body = outgoing.body if client is None or client.whole is None else client.whole
        return protocol.Fired(
            command.id,
            outgoing.status,
            outgoing.substatus,
            outgoing.reason,
            outgoing.headers,
            self._body(command.id, body),
            *_told(timeline),
            outgoing.connection,
            outgoing.interim,
            iis.occurrences.recycling,
            log=outgoing.log,
        )

    def _raise(self, command: protocol.Raise, timeline: Timeline) -> Reply:
        raised = happen(self._server, command.notification, command.text, command.parameters, command.flag, timeline)
        answers = [
            Answer(each.status, each.substatus, each.reason, each.headers, b"".join(each.body))
            for each in raised.responses
        ]
        return protocol.Raised(
            command.id,
            *_told(timeline),
            raised.hresult,
            raised.data,
            answers,
            self._server.occurrences.recycling,
        )

    def _body(self, number: int, parts: list[bytes]) -> bytes:
        """Return a body for a reply; send one that is too large for that ahead."""
        if self._send is None or sum(map(len, parts)) <= _LARGEST_BODY:
            return b"".join(parts)
        for part in parts:
            for start in range(0, len(part), PIECE):
                self._send(protocol.Part(number, protocol.RESPONSE_BODY, part[start : start + PIECE]))
        return b""


def _account(user: protocol.User) -> Account:
    return Account(user.name, user.password, user.kind, user.roles, user.remote_name, user.token)


def _resolve(command: protocol.Resolve) -> protocol.Resolved:
    missing_dlls, missing_functions, builtin = [], {}, []
    for name, wanted in command.imports.items():
        beside = f"{command.directory}\\{name}"
        for path in (beside, name):
            try:
                missing, is_builtin = win32.missing_exports(path, wanted)
            except win32.Win32Error:
                continue
            if missing:
                missing_functions[name] = missing
            if is_builtin:
                builtin.append(name)
            break
        else:
            missing_dlls.append(name)
    return protocol.Resolved(command.id, missing_dlls, missing_functions, builtin)


def _told(timeline: Timeline) -> tuple[list[TraceEvent], list[str]]:
    events, refused = timeline.close()
    if not events:
        return [], refused
    return [
        TraceEvent(
            e.event,
            e.module,
            e.notification,
            e.post,
            e.interface,
            e.method,
            e.args,
            e.result,
            e.us,
            e.depth,
            e.thread,
            e.at,
        )
        for e in events
    ], refused
