"""The order of modules within one notification (fact sheet, section 1.3).

The priority alias decides first, the position in ``<modules>`` second. SEND_RESPONSE is inverted twice: LAST runs
first, and equal priorities run from the bottom of ``<modules>`` to the top: whoever is outermost on the way in sees
the response last. EXECUTE_REQUEST_HANDLER ignores priorities: there the handler mapping's own list decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyiismod.abi.constants import RQ_EXECUTE_REQUEST_HANDLER, RQ_SEND_RESPONSE
from pyiismod.abi.notifications import DETERMINISTIC, REQUEST

ALIASES = ("FIRST", "HIGH", "MEDIUM", "LOW", "LAST")
DEFAULT_ALIAS = "MEDIUM"  # unconfirmed (section 7): it is the middle one


class Subscriber:
    """One module of one application, as the pipeline sees it.

    Args:
        key: whatever the dispatcher knows the module by.
        position: place in ``<modules>``, counted from 0.
        request_mask: ``RQ_*`` bits whose ``OnX`` it wants.
        post_mask: ``RQ_*`` bits whose ``OnPostX`` it wants.
        priorities: (bit, post) → alias.
    """

    __slots__ = ("key", "position", "post_mask", "priorities", "request_mask")

    def __init__(
        self,
        key: Any,
        position: int,
        request_mask: int,
        post_mask: int = 0,
        priorities: dict[tuple[int, bool], str] | None = None,
    ) -> None:
        self.key = key
        self.position = position
        self.request_mask = request_mask
        self.post_mask = post_mask
        self.priorities = priorities or {}

    def wants(self, bit: int, post: bool) -> bool:
        """Return whether it registered for this phase of this notification."""
        return bool((self.post_mask if post else self.request_mask) & bit)

    def rank(self, bit: int, post: bool) -> int:
        """Return its priority as a number; lower is earlier."""
        return ALIASES.index(self.priorities.get((bit, post), DEFAULT_ALIAS))


Step = tuple[Subscriber | None, int, bool]
"""Whom to tell (None: IIS itself acts), of which bit, and whether of its post phase."""


class Plan:
    """Who is told of what, in which order: the same for all requests of an application.

    Args:
        subscribers: its modules.
        core: ``RQ_*`` bits at which IIS itself has something to do.
        handling: those who run at EXECUTE_REQUEST_HANDLER, in this order, as the handler mapping lists them; None for
            everyone who wants to, by position.

    Attributes:
        steps: all deterministic steps in order.
    """

    def __init__(
        self, subscribers: Iterable[Subscriber], core: int = 0, handling: tuple[Subscriber, ...] | None = None
    ) -> None:
        modules = list(subscribers)
        handlers = sorted(modules, key=lambda s: s.position) if handling is None else list(handling)
        self._told = {
            (notification.bit, post): _in_order(modules, handlers, notification.bit, post)
            for notification in REQUEST
            for post in (False, True)
        }
        self.steps: tuple[Step, ...] = tuple(
            step
            for bit in DETERMINISTIC
            for step in (
                *((subscriber, bit, False) for subscriber in self.told(bit)),
                *(((None, bit, False),) if core & bit else ()),
                *((subscriber, bit, True) for subscriber in self.told(bit, post=True)),
            )
        )

    def told(self, bit: int, post: bool = False) -> tuple[Subscriber, ...]:
        """Return those who want this phase of this notification, in the order in which they are told."""
        return self._told[bit, post]


def _in_order(modules: list[Subscriber], handlers: list[Subscriber], bit: int, post: bool) -> tuple[Subscriber, ...]:
    if bit == RQ_EXECUTE_REQUEST_HANDLER and not post:
        return tuple(s for s in handlers if s.wants(bit, post))
    told = [s for s in modules if s.wants(bit, post)]
    return tuple(sorted(told, key=lambda s: (s.rank(bit, post), s.position), reverse=bit == RQ_SEND_RESPONSE))
