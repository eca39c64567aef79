"""The fake server: settings, the server object, and the modules in ``<globalModules>`` order."""

from __future__ import annotations

from collections.abc import Sequence

from pyiismod.errors import WorkerError
from pyiismod.host.exchange import Exchange
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.module import Module
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
        modules: loaded modules in ``<modules>`` order.
        threads: IIS's own pool, for completions.
        plan: whom requests tell.
    """

    def __init__(self, settings: Settings, box: BlackBox) -> None:
        self.settings = settings
        self.box = box
        self.timeline = Timeline(box)
        self.server = Server(settings, self.timeline)
        self.modules: list[Module] = []
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

    def _replan(self) -> None:
        self.plan = Plan(
            (
                Subscriber(module, i, info.request_mask, info.post_mask, info.priorities)
                for i, module in enumerate(self.modules)
                if (info := module.registration) is not None and info.factory
            ),
            Exchange.CORE,
        )

    def fire(self, incoming: Incoming, timeline: Timeline, schedule: str | int = "threaded") -> Outgoing:
        """Drive one request through the pipeline, and wait for its end.

        Args:
            incoming: what came over the wire.
            timeline: where it is written down.
            schedule: when completions are delivered; see :mod:`pyiismod.host.timing`.

        Raises:
            ValueError: there is no such schedule.
            WorkerError: the host itself is at fault.
        """
        outgoing = Exchange(self, incoming, timeline, schedule).run()
        _check(timeline)
        return outgoing

    def unload(self, timeline: Timeline) -> None:
        """Terminate and unload all modules, last loaded first (their mutual order is unconfirmed)."""
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
