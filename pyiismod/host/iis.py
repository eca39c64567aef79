"""The fake server: settings, the server object, and the modules in ``<globalModules>`` order."""

from __future__ import annotations

from collections.abc import Sequence

from pyiismod.abi.constants import RQ_AUTHENTICATE_REQUEST, RQ_EXECUTE_REQUEST_HANDLER
from pyiismod.errors import WorkerError
from pyiismod.host.exchange import Exchange
from pyiismod.host.handlers import Handler, static_handler
from pyiismod.host.incoming import Client, Incoming, Outgoing
from pyiismod.host.module import Module
from pyiismod.host.process import Process
from pyiismod.host.server import Server
from pyiismod.host.settings import Settings
from pyiismod.host.threads import Pool
from pyiismod.host.trace import BlackBox, Timeline
from pyiismod.pipeline import Plan, Subscriber


class Iis:
    """One worker process of IIS.

    Args:
        settings: its configuration.
        box: notes that survive this process.

    Attributes:
        process: site, application, connections and caches.
        modules: loaded modules in ``<modules>`` order.
        threads: IIS's own pool, for completions.
        plan: whom requests tell.
    """

    def __init__(self, settings: Settings, box: BlackBox) -> None:
        self.settings = settings
        self.box = box
        self.timeline = Timeline(box)
        self.modules: list[Module] = []
        self.process = Process(settings, self.timeline, self.file_of)
        self.server = Server(self.process, self.timeline)
        self.threads = Pool()
        self._replan()

    def load(self, path: str, name: str, timeline: Timeline, companions: Sequence[str] = ()) -> Module:
        """Load a DLL and register it; it takes part in requests from now on.

        Raises:
            LoadError: one of its kinds.
        """
        module = Module(name, path, len(self.modules) + 1, companions)
        module.load(timeline)
        module.register(self.server, self.settings.server_version, timeline)
        self.modules.append(module)
        self._replan()
        _check(timeline)
        return module

    def file_of(self, module_id: int) -> str | None:
        """Return the DLL of a module id, or None."""
        return next((module.file for module in self.modules if module.id == module_id), None)

    def _replan(self) -> None:
        self._subscribers = [
            Subscriber(module, i, info.request_mask, info.post_mask, info.priorities)
            for i, module in enumerate(self.modules)
            if (info := module.registration) is not None and info.factory
        ]
        self._plans: dict[tuple[str, ...], Plan] = {}
        self.static_handler = static_handler(
            (s.key.name for s in self._subscribers if s.wants(RQ_EXECUTE_REQUEST_HANDLER, False)),
            self.settings.response_buffer_limit,
        )
        self.plan = self.plan_for(self.static_handler)

    def plan_for(self, handler: Handler | None) -> Plan:
        """Return whom requests tell that are mapped to ``handler``; None for those that nothing is mapped to."""
        names = handler.modules if handler is not None else ()
        plan = self._plans.get(names)
        if plan is None:
            handling = tuple(s for name in dict.fromkeys(names) for s in self._subscribers if s.key.name == name)
            core = Exchange.CORE if self.settings.anonymous else Exchange.CORE | RQ_AUTHENTICATE_REQUEST
            plan = self._plans[names] = Plan(self._subscribers, core, handling)
        return plan

    def map_handler(self, path: str, verb: str, physical_path: str, ignore_wildcard: bool = False) -> Handler | None:
        """Return the handler mapping for a verb on a canonical URL path, or None."""
        if not self.settings.handlers:
            return None if ignore_wildcard else self.static_handler
        for handler in self.settings.handlers:
            if not (ignore_wildcard and handler.is_wildcard) and handler.fits(path, verb, physical_path):
                return handler
        return None

    def disconnect(self, name: str, timeline: Timeline) -> None:
        """The client of a named connection has gone: contexts kept with it hear of it."""
        self.process.disconnect(name, timeline)
        _check(timeline)

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
            ValueError: there is no such schedule.
            WorkerError: the host itself is at fault.
        """
        outgoing = Exchange(self, incoming, timeline, schedule, client).run()
        _check(timeline)
        return outgoing

    def unload(self, timeline: Timeline) -> None:
        """Terminate and unload all modules, last loaded first (their mutual order is unconfirmed)."""
        self.process.end(timeline)
        modules, self.modules = self.modules, []
        self._replan()
        for module in reversed(modules):
            module.terminate(timeline)
        for module in reversed(modules):
            module.unload(timeline)
        _check(timeline)


def _check(timeline: Timeline) -> None:
    if timeline.faults:
        fault = timeline.faults[0]
        raise WorkerError(
            f"the host failed while it served a module's call: {fault!r}",
            hint="This is a defect of pyiismod, not of the module. Please report it with this message.",
        ) from fault
