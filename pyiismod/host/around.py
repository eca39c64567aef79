"""What a request finds around it: connection, user, URL, configuration, file, and the places to keep things.

Most requests ask for little of that, so each thing is made when a module first asks for it. The end is in the order of
section 2.2 of the fact sheet: what modules keep with the request, what the request held of the process, and after its
memory has gone the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pyiismod.host.cachepolicy import CachePolicy
from pyiismod.host.changes import Changes
from pyiismod.host.connection import Connection
from pyiismod.host.containers import ModuleContextContainer, NamedContextContainer
from pyiismod.host.fileinfo import FileInfo
from pyiismod.host.lifetime import Counted
from pyiismod.host.metadata import Metadata
from pyiismod.host.tracecontext import TraceContext
from pyiismod.host.urlinfo import UrlInfo
from pyiismod.host.user import Account, AnyUser, ModuleUser, SharedUser, User

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.iis import Iis

_T = TypeVar("_T")
_lock = RLock()  # one for all requests: making one costs more under Wine than a request may
_ANONYMOUS = Account()


class Surroundings:
    """Of one request.

    Args:
        exchange: the request.
        iis: the server.
    """

    def __init__(self, exchange: Exchange, iis: Iis) -> None:
        self._exchange = exchange
        self._process = iis.process
        self._file_of = iis.file_of
        self._made: dict[str, Any] = {}
        self._held: list[Counted] = []
        self._users: list[AnyUser] = []
        self._arrive()

    def _arrive(self) -> None:
        """The request has come in."""
        if self._exchange.incoming.connection:
            self._exchange.incoming.connection_id = self.connection.id
        self.count_hit()

    def count_hit(self) -> None:
        """Count a request for the URL."""
        self._process.hits.add(self._exchange.incoming.url.path)

    def _once(self, key: str, make: Callable[[], _T]) -> _T:
        made = self._made.get(key)
        if made is None:
            with _lock:
                made = self._made.get(key)
                if made is None:
                    made = self._made[key] = make()
        return cast("_T", made)

    @property
    def container(self) -> ModuleContextContainer:
        """What modules keep with the request by their id."""

        def make() -> ModuleContextContainer:
            container = ModuleContextContainer(self._exchange.timeline, self._file_of)
            container.is_of_request = True
            return container

        return self._once("container", make)

    @property
    def named_container(self) -> NamedContextContainer:
        """What modules keep with the request by name."""
        return self._once("named container", lambda: NamedContextContainer(self._exchange.timeline))

    @property
    def connection(self) -> Connection:
        """The client's connection."""

        def make() -> Connection:
            connection = self._process.connect(self._exchange.incoming)
            connection.carry(self._exchange.outgoing)
            return connection

        return self._once("connection", make)

    @property
    def cache_policy(self) -> CachePolicy:
        """How the response may be cached."""
        return self._once("cache policy", lambda: CachePolicy(self._exchange))

    def changes(self, of: str, value_type: str = "PCSTR") -> Changes:
        """Return what counts the changes of a collection, for managed code."""
        return self._once(of, lambda: Changes(self._exchange.pool, value_type))

    @property
    def trace(self) -> TraceContext:
        """Tracing of the request."""
        x = self._exchange
        return self._once(
            "trace",
            lambda: TraceContext(
                x.settings, self._process.tracing, x.timeline, x.pool, x.incoming.request_id, x.context
            ),
        )

    @property
    def url(self) -> UrlInfo:
        """The entry of the URL in the URL cache."""
        return self._once("url", lambda: self._hold(self._process.url(self._exchange.incoming.url.path)))

    @property
    def metadata(self) -> Metadata:
        """What the configuration says about the URL."""
        return self._once("metadata", lambda: self._hold(self._process.metadata(self._exchange.request.url.path)))

    @property
    def file(self) -> FileInfo | None:
        """The file that the URL is mapped to, or that a module has put in its place; None when there is none."""
        if (file := self._made.get("file")) is not None:
            return cast("FileInfo", file)
        found = self._process.file(self._exchange.physical_path)
        return None if isinstance(found, int) else self._once("file", lambda: self._hold(found))

    def open_file(self, path: str) -> FileInfo | int:
        """Make a file the request's own; return it, or the HRESULT that says why not."""
        found = self._process.file(path)
        if not isinstance(found, int):
            self._made["file"] = self._hold(found)
        return found

    def set_file(self, file: FileInfo) -> None:
        """A module maps the request to this file."""
        file.hold()
        self._made["file"] = self._hold(file)

    def _hold(self, thing: _T) -> _T:
        self._held.append(cast("Counted", thing))
        return thing

    @property
    def user(self) -> AnyUser | None:
        """Who makes the request: None before that is known (5.1)."""
        if self._users:
            return self._users[-1]
        if not self._exchange.is_authenticated:
            return None
        account = self._exchange.incoming.account or _ANONYMOUS
        with _lock:
            if not self._users:
                self._users.append(User(account, self._exchange.timeline.process))
        return self._users[-1]

    @property
    def original_user(self) -> AnyUser | None:
        """The first user that the request had."""
        return self._users[0] if self._users else self.user

    def set_user(self, user: ModuleUser | SharedUser) -> None:
        """A module has authenticated the request: it is at once."""
        self._users.append(user)

    @property
    def has_user(self) -> bool:
        """Whether somebody has authenticated the request."""
        return bool(self._users)

    def end(self) -> None:
        """Modules are told of nothing more: clean up what they keep with the request, and release what it held."""
        timeline, made = self._exchange.timeline, self._made
        if not (made or self._users or self._held):
            return
        for key in ("container", "named container"):
            if key in made:
                made[key].clean(timeline)
        while self._users:
            self._users.pop(0).release(timeline)
        while self._held:
            self._held.pop().drop(timeline)
        for key in ("cache policy", "trace"):
            if key in made:
                made[key].end()

    def lose_client(self) -> None:
        """The client has gone: contexts kept with the connection hear of it."""
        x, connection = self._exchange, self._made.get("connection")
        if x.incoming.connection:
            self._process.disconnect(x.incoming.connection, x.timeline)
        elif connection is not None:
            connection.disconnect(x.timeline)

    def leave_connection(self) -> None:
        """Let go of the connection; it closes, unless it is named and kept alive."""
        x, connection = self._exchange, self._made.pop("connection", None)
        if connection is None:
            return
        connection.carried(x.outgoing)
        if not x.incoming.connection:
            connection.disconnect(x.timeline)
        elif connection.is_open and not x.keeps_alive:
            self._process.disconnect(x.incoming.connection, x.timeline)
        connection.drop(x.timeline)
