"""Whom requests tell, for each handler that they may be mapped to: made anew whenever the modules are others.

A request keeps the plans that it began with: what is loaded meanwhile takes part in later ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyiismod.abi.constants import RQ_AUTHENTICATE_REQUEST, RQ_EXECUTE_REQUEST_HANDLER
from pyiismod.host.handlers import Handler, static_handler
from pyiismod.host.module import Module
from pyiismod.host.settings import Settings
from pyiismod.pipeline import Plan, Subscriber


class Plans:
    """Of one application, as its modules are now.

    Args:
        modules: in ``<modules>`` order.
        settings: of the server.

    Attributes:
        static_handler: what requests are mapped to where no handler is configured.
        default: the plan of those.
    """

    def __init__(self, modules: Iterable[Module], settings: Settings) -> None:
        self._subscribers = [
            Subscriber(module, i, info.request_mask, info.post_mask, info.priorities)
            for i, module in enumerate(modules)
            if (info := module.registration) is not None and info.factory
        ]
        self._core = RQ_EXECUTE_REQUEST_HANDLER | (0 if settings.anonymous else RQ_AUTHENTICATE_REQUEST)
        self._made: dict[tuple[str, ...], Plan] = {}
        self.static_handler = static_handler(
            (s.key.name for s in self._subscribers if s.wants(RQ_EXECUTE_REQUEST_HANDLER, False)),
            settings.response_buffer_limit,
        )
        self.default = self.of(self.static_handler)

    def of(self, handler: Handler | None) -> Plan:
        """Return whom requests tell that are mapped to ``handler``; None for those that nothing is mapped to."""
        names = handler.modules if handler is not None else ()
        plan = self._made.get(names)
        if plan is None:
            handling = tuple(s for name in dict.fromkeys(names) for s in self._subscribers if s.key.name == name)
            plan = self._made[names] = Plan(self._subscribers, self._core, handling)
        return plan
