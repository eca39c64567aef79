"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/cglobalmodule-class

Telling global modules (fact sheet 4): the priority alias decides who is first, the order of registration comes second
(unconfirmed beyond "HIGH before LOW", 1.3). A module that answers HANDLED is the last to be told. Only a slot whose bit
is registered is ever read: the vtable of a module that was built with an older header ends earlier (section 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyiismod.abi.enums import ENUMS
from pyiismod.abi.module import CGlobalModule
from pyiismod.abi.notifications import GLOBAL, Notification
from pyiismod.host.module import Module
from pyiismod.host.native import address, slots_of
from pyiismod.host.objects import NativeObject
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline
from pyiismod.pipeline import ALIASES, DEFAULT_ALIAS
from pyiismod.rules.completion import STRANGE_STATUS

STATUS_NAMES = {value: name for name, value in ENUMS["GLOBAL_NOTIFICATION_STATUS"].items()}
CONTINUE, HANDLED = sorted(STATUS_NAMES)

_SLOTS = slots_of(CGlobalModule)
_FIRST_SEEN = {method.slot: method.first_seen for method in CGlobalModule.table()}


class GlobalModules:
    """Knows who wants which ``GL_*`` notification, and tells them.

    Args:
        settings: of the server; an older IIS never raises what a newer one brought.
    """

    def __init__(self, settings: Settings) -> None:
        self._raised = {n.bit: n for n in GLOBAL if n.slot is not None and settings.has(_FIRST_SEEN[n.slot])}
        self._told: dict[int, tuple[Module, ...]] = {}

    def replan(self, modules: Sequence[Module]) -> None:
        """Tell these from now on; they are in the order of their registration."""
        self._told = {bit: told for bit in self._raised if (told := _in_order(modules, bit))}

    def wants(self, bit: int) -> bool:
        """Return whether anybody registered for it."""
        return bit in self._told

    def told(self, bit: int) -> tuple[Module, ...]:
        """Return those who registered for it, in the order in which they are told."""
        return self._told.get(bit, ())

    def tell(self, bit: int, timeline: Timeline, *args: Any) -> int:
        """Tell everybody who registered, up to the first that answers HANDLED; return the last answer.

        Args:
            bit: which notification.
            timeline: where it is written.
            args: what the handler gets, as pointers.
        """
        for module in self.told(bit):
            if self.tell_one(module, bit, timeline, *args) == HANDLED:
                return HANDLED
        return CONTINUE

    def tell_with(self, bit: int, timeline: Timeline, make: Callable[[], NativeObject]) -> int:
        """Tell everybody who registered, with a provider that is made for it and ends with it."""
        if not self.wants(bit):
            return CONTINUE
        provider = make()
        status = self.tell(bit, timeline, provider.pointer)
        provider.end()
        return status

    def tell_one(self, module: Module, bit: int, timeline: Timeline, *args: Any) -> int:
        """Tell one module; a status that IIS does not know counts as CONTINUE, and is a violation."""
        notification: Notification = self._raised[bit]
        handler = str(notification.handler)
        pointer = module.global_module
        function = _SLOTS[handler].of(pointer)
        with timeline.inside(
            "notification", module.file, handler, notification=notification.name, interface="CGlobalModule"
        ) as event:
            status = int(function(address(pointer), *args))
            event.result = STATUS_NAMES.get(status, status)
        if status not in STATUS_NAMES:
            timeline.violation(
                STRANGE_STATUS,
                f"{handler} ({notification.name}) of {module.file} returned {status}; it counts as CONTINUE",
            )
            return CONTINUE
        return status


def _in_order(modules: Sequence[Module], bit: int) -> tuple[Module, ...]:
    def rank(module: Module) -> int:
        info = module.registration
        return ALIASES.index(info.global_priorities.get(bit, DEFAULT_ALIAS) if info else DEFAULT_ALIAS)

    return tuple(sorted((m for m in modules if m.registration and m.registration.global_mask & bit), key=rank))
