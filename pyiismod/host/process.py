"""Everything of a worker process that is neither a module nor a request: site, application, connections and caches.

Each thing is made when somebody first asks for it, and lives until the modules are unloaded: its contexts are cleaned
up while the modules are still there to be called.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar, cast

from pyiismod.abi.enums import CACHE_OPERATION
from pyiismod.host import metadata
from pyiismod.host._abi import ffi
from pyiismod.host.application import Application
from pyiismod.host.cachedata import CacheData, CacheKey
from pyiismod.host.cachestore import CacheStore
from pyiismod.host.connection import Connection
from pyiismod.host.containers import DispensedContainer, ModuleFile
from pyiismod.host.errors import ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND
from pyiismod.host.fileinfo import FileInfo, FileMonitor
from pyiismod.host.fragments import Fragments
from pyiismod.host.global_notifications import GlobalModules
from pyiismod.host.handlers import Handler
from pyiismod.host.incoming import Incoming
from pyiismod.host.lifetime import Cache
from pyiismod.host.memory import RequestPool
from pyiismod.host.metadata import Metadata
from pyiismod.host.occurrences import Occurrences
from pyiismod.host.scriptmap import ScriptMap
from pyiismod.host.settings import Settings
from pyiismod.host.site import PerfCounterInfo, Site
from pyiismod.host.tokens import TokenEntry
from pyiismod.host.trace import Timeline
from pyiismod.host.tracecontext import TraceContext, Tracing
from pyiismod.host.urlinfo import Hits, UrlInfo
from pyiismod.host.win32 import Win32Error
from pyiismod.host.wpfsettings import WorkerProcessSettings
from pyiismod.rules.lifetime import CONTAINER_NOT_RELEASED, MONITOR_NOT_RELEASED

_T = TypeVar("_T")
_Record = TypeVar("_Record", bound=CacheData)
_lock = RLock()


class Process:
    """One worker process.

    Args:
        settings: of the server.
        timeline: of the process.
        file_of: tells the DLL of a module id.
        global_modules: who hears of what happens to it.

    Attributes:
        occurrences: what happens to it besides requests.
        hits: how often URLs are asked for.
        fragments: http.sys's cache of pieces of responses.
        records: the modules' own cache.
        tracing: who wants to hear of trace events.
        monitors: the file monitors that modules hold.
    """

    def __init__(
        self, settings: Settings, timeline: Timeline, file_of: ModuleFile, global_modules: GlobalModules
    ) -> None:
        self.settings = settings
        self.occurrences = Occurrences(self, global_modules)
        self.hits = Hits()
        self.fragments = Fragments()
        self.records = CacheStore(timeline)
        self.tracing = Tracing(global_modules)
        self.monitors: list[FileMonitor] = []
        self._timeline = timeline
        self._file_of = file_of
        self._made: dict[Any, Any] = {}
        self._dispensed: list[DispensedContainer] = []
        self._connections: dict[str, Connection] = {}
        self._urls: Cache[UrlInfo] = Cache()
        self._metadata: Cache[Metadata] = Cache()
        self._files: Cache[FileInfo] = Cache()
        self._tokens: Cache[TokenEntry] = Cache()

    def _once(self, key: Any, make: Callable[[], _T]) -> _T:
        with _lock:
            if key not in self._made:
                self._made[key] = make()
            return cast("_T", self._made[key])

    @property
    def site(self) -> Site:
        """The one site."""
        return self._once("site", lambda: Site(self.settings, self._timeline, self._file_of))

    @property
    def application(self) -> Application:
        """The one application."""
        return self._once("application", lambda: Application(self.settings, self._timeline, self._file_of))

    @property
    def counters(self) -> PerfCounterInfo:
        """Performance counters of the process."""
        return self._once("counters", lambda: PerfCounterInfo(self._timeline))

    @property
    def worker_settings(self) -> WorkerProcessSettings:
        """Settings of the process, for modules."""
        return self._once("worker settings", lambda: WorkerProcessSettings(self.settings, self._timeline))

    @property
    def trace(self) -> TraceContext:
        """Tracing of the process."""
        pool = self._once("pool", RequestPool)
        return self._once("trace", lambda: TraceContext(self.settings, self.tracing, self._timeline, pool))

    def script_map(self, handler: Handler) -> ScriptMap:
        """Return a handler mapping as modules see it."""
        return self._once(handler, lambda: ScriptMap(handler, self._timeline))

    def url(self, path: str) -> UrlInfo:
        """Return the entry of a canonical path, held for the caller."""
        return self._urls.take(path, lambda: UrlInfo(path, self.hits, self._timeline, self._file_of))

    def metadata(self, path: str) -> Metadata:
        """Return the configuration of a canonical URL path, held for the caller."""
        key = metadata.config_path(self.settings, path)
        return self._metadata.take(key, lambda: Metadata(key, self.settings, self._timeline, self._file_of))

    def file(self, path: str, is_cached: bool = True) -> FileInfo | int:
        """Return an open file, held for the caller, or the HRESULT that says why not.

        Args:
            path: physical path.
            is_cached: whether it may come from the cache and go there.
        """
        try:
            if not is_cached:
                return FileInfo(path, False, self._timeline, self._file_of)
            if (known := self._files.find(path.lower())) is not None and known.has_changed:
                known.SetFlushed()
                self._files.remove(path.lower(), self._timeline)
            return self._look_up(
                self._files, "FILE", path.lower(), lambda: FileInfo(path, True, self._timeline, self._file_of)
            )
        except PermissionError:
            return ERROR_ACCESS_DENIED
        except (OSError, Win32Error, ValueError):
            return ERROR_FILE_NOT_FOUND

    def token(self, name: str) -> TokenEntry:
        """Return the logon tokens of an account, held for the caller."""
        return self._look_up(
            self._tokens, "TOKEN", name.lower(), lambda: TokenEntry(name, self._timeline, self._file_of)
        )

    def _look_up(self, cache: Cache[_Record], name: str, text: str, make: Callable[[], _Record]) -> _Record:
        """Take a record of one of IIS's own caches; modules that watch caches are told, and change nothing."""
        if not self.occurrences.caches_are_watched:
            return cache.take(text, make)
        pool = RequestPool()
        key, known = CacheKey(name, text, self._timeline, pool), cache.find(text)
        self._access(CACHE_OPERATION.CACHE_OPERATION_RETRIEVE, key, known)
        taken = cache.take(text, make)
        if known is None:
            self._access(CACHE_OPERATION.CACHE_OPERATION_ADD, key, taken)
        key.end()
        return taken

    def _access(self, operation: int, key: CacheKey, record: CacheData | None) -> None:
        pointer = ffi.NULL if record is None else record.pointer
        self.occurrences.cache_operation(operation, key.pointer, pointer, ffi.NULL, self._timeline)

    def forget_configuration(self, timeline: Timeline) -> None:
        """The configuration has changed: what is known of URLs is found out anew; requests keep what they hold."""
        for cache in (self._urls, self._metadata):
            cache.clear(timeline)

    def monitors_of(self, path: str) -> list[FileMonitor]:
        """Return the watches on a physical path, or on a folder above it."""
        with _lock:
            return [each for each in self.monitors if each.holders and each.sees(path)]

    def monitor(self, path: str) -> FileMonitor:
        """Return a new watch on ``path``, which the caller holds."""
        watch = FileMonitor(path, self._timeline, self._file_of)
        with _lock:
            self.monitors = [each for each in self.monitors if each.holders] + [watch]
        return watch

    def dispense(self) -> DispensedContainer:
        """Return a new container, which the caller releases."""
        container = DispensedContainer(self._timeline, self._file_of)
        with _lock:
            self._dispensed = [each for each in self._dispensed if each.is_open] + [container]
        return container

    def connect(self, incoming: Incoming) -> Connection:
        """Return the connection that carries a request, held for it; a named one is kept for the next."""
        with _lock:
            connection = self._connections.get(incoming.connection)
            if connection is None:
                connection = Connection(incoming.connection_id, self._timeline, self._file_of)
                if not incoming.connection:
                    return connection
                self._connections[incoming.connection] = connection
            connection.hold()
            return connection

    def disconnect(self, name: str, timeline: Timeline) -> None:
        """The client of a named connection has gone. Nothing happens when there is none of that name."""
        with _lock:
            connection = self._connections.pop(name, None)
        if connection is not None:
            connection.disconnect(timeline)
            connection.drop(timeline)

    def end_application(self, timeline: Timeline) -> None:
        """The application has stopped: the next one is another object, with contexts of its own."""
        with _lock:
            application = self._made.pop("application", None)
        if application is not None:
            application.die(timeline)

    def end(self, timeline: Timeline) -> None:
        """The modules are about to go: clean up and end everything."""
        for name in list(self._connections):
            self.disconnect(name, timeline)
        self.records.clear()
        self.fragments.clear()
        for cache in (self._urls, self._files, self._metadata, self._tokens):
            cache.clear(timeline)
        for container in self._dispensed:
            if container.is_open:
                timeline.violation(CONTAINER_NOT_RELEASED, "a container that DispenseContainer gave was never released")
                container.clean(timeline)
        for watch in self.monitors:
            if watch.holders:
                timeline.violation(MONITOR_NOT_RELEASED, "a file monitor was never dereferenced")
                watch.die(timeline)
        self.end_application(timeline)
        made, self._made, self.monitors, self._dispensed = self._made, {}, [], []
        if "worker settings" in made:
            made["worker settings"].end()
        if "site" in made:
            made["site"].die(timeline)
