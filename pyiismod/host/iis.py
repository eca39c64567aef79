"""The fake server: settings, the server object, and the modules in ``<globalModules>`` order."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import count

from pyiismod.errors import WorkerError
from pyiismod.host.applicationlife import ApplicationLife
from pyiismod.host.child import Child
from pyiismod.host.exchange import Exchange
from pyiismod.host.global_notifications import GlobalModules
from pyiismod.host.handlers import Handler
from pyiismod.host.incoming import Client, Incoming, Outgoing
from pyiismod.host.memory import be_strict
from pyiismod.host.module import Module
from pyiismod.host.plans import Plans
from pyiismod.host.preload import preload
from pyiismod.host.process import Process
from pyiismod.host.server import Server
from pyiismod.host.settings import Settings
from pyiismod.host.shutdown import FACTORY_FIRST, shut_down
from pyiismod.host.threads import Pool
from pyiismod.host.trace import BlackBox, Timeline


class Iis:
    """One worker process of IIS.

    Args:
        settings: its configuration.
        box: notes that survive this process.

    Attributes:
        process: site, application, connections and caches.
        application: the life of the application.
        global_modules: who hears of what happens to the process.
        modules: loaded modules in ``<modules>`` order.
        threads: IIS's own pool, for completions.
        plans: whom requests tell.
    """

    def __init__(self, settings: Settings, box: BlackBox) -> None:
        self.settings = settings
        be_strict(settings.strict)
        self.box = box
        self.timeline = Timeline(box)
        self.modules: list[Module] = []
        self._ids = count(1)
        self.global_modules = GlobalModules(settings)
        self.process = Process(settings, self.timeline, self.file_of, self.global_modules)
        self.occurrences = self.process.occurrences
        self.application = ApplicationLife(self)
        self.server = Server(self.process, self.application, self.timeline)
        self.threads = Pool(lambda: self.occurrences.thread_cleanup(self.timeline))
        self.replan()

    def load(self, path: str, name: str, timeline: Timeline, companions: Sequence[str] = ()) -> Module:
        """Load a DLL and register it; it takes part in requests from now on.

        An application that has started already is recycled, so that the module sees it start.

        Raises:
            LoadError: one of its kinds.
        """
        module = Module(name, path, self.next_id(), companions, shows_vtables=self.settings.show_vtables)
        module.load(timeline)
        module.register(self.server, self.settings.server_version, timeline)
        self.application.recycle(timeline)
        self.modules.append(module)
        self.replan()
        check(timeline)
        return module

    def next_id(self) -> int:
        """Return a new module id; never 0, because modules refuse that (1.2)."""
        return next(self._ids)

    def file_of(self, module_id: int) -> str | None:
        """Return the DLL of a module id, or None."""
        modules = (*self.modules, *self.application.modules)
        return next((module.file for module in modules if module.id == module_id), None)

    def replan(self) -> None:
        """The modules are others now."""
        self.global_modules.replan(self.modules)
        self.plans = Plans((*self.modules, *self.application.modules), self.settings)

    def map_handler(
        self,
        path: str,
        verb: str,
        physical_path: str,
        ignore_wildcard: bool = False,
        ignored: Container[Handler | None] = (),
    ) -> Handler | None:
        """Return the handler mapping for a verb on a canonical URL path, or None; none of ``ignored``."""
        if not self.settings.handlers:
            return None if ignore_wildcard else self.plans.static_handler
        for handler in self.settings.handlers:
            if handler in ignored or (ignore_wildcard and handler.is_wildcard):
                continue
            if handler.fits(path, verb, physical_path):
                return handler
        return None

    def disconnect(self, name: str, timeline: Timeline) -> None:
        """The client of a named connection has gone: contexts kept with it hear of it."""
        self.process.disconnect(name, timeline)
        check(timeline)

    def fire(
        self, incoming: Incoming, timeline: Timeline, schedule: str | int = "threaded", client: Client | None = None
    ) -> Outgoing:
        """Drive one request through the pipeline, and wait for its end.

        Args:
            incoming: what came over the wire.
            timeline: where it is written down.
            schedule: when completions are delivered; see :mod:`pyiismod.host.timing`.
            client: who takes the answer while it is made; None for gathering it.

        Raises:
            Gone: the process is ending.
            ValueError: there is no such schedule.
            WorkerError: the host itself is at fault.
        """
        self.wake(timeline)
        self.application.enter(timeline)
        try:
            outgoing = Exchange(self, incoming, timeline, schedule, client).run()
            self.occurrences.thread_cleanup(timeline)
        finally:
            self.application.leave(timeline)
        check(timeline)
        return outgoing

    def clone(self, parent: Exchange, clone_flags: int) -> Child:
        """Return a child request of ``parent`` that has not run; ``clone_flags`` say what it has in common with it."""
        return Child(parent, clone_flags)

    def wake(self, timeline: Timeline) -> None:
        """Resume the process if it is suspended: something is to be done."""
        if self.occurrences.is_suspended:
            self.occurrences.resume(timeline)

    def preload(self, recycled: bool, timeline: Timeline) -> list[Outgoing]:
        """Have global modules warm the application up; return what their requests were answered."""
        self.wake(timeline)
        responses = preload(self, recycled, timeline)
        check(timeline)
        return responses

    def unload(self, timeline: Timeline, *, graceful: bool = False) -> None:
        """End the process: :mod:`pyiismod.host.shutdown` says in which order. Modules end last loaded first.

        Args:
            timeline: where it is written.
            graceful: whether the process is recycled; IIS stops else.
        """
        self.wake(timeline)
        shut_down(self, graceful, timeline)
        self.process.end(timeline)
        modules, self.modules = list(reversed(self.modules)), []
        self.replan()
        for module in modules:
            module.terminate(timeline, factory_first=self.settings.shutdown == FACTORY_FIRST)
        for module in modules:
            module.unload(timeline)
        check(timeline)

    def end(self) -> None:
        """Nothing is asked of it any more: let its threads end."""
        self.threads.end()


def check(timeline: Timeline) -> None:
    """Raise what the host itself did wrong meanwhile.

    Raises:
        WorkerError: it did.
    """
    if timeline.faults:
        fault = timeline.faults[0]
        raise WorkerError(
            f"the host failed while it served a module's call: {fault!r}",
            hint="This is a defect of pyiismod, not of the module. Please report it with this message.",
        ) from fault
