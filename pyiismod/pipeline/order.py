"""The order of modules within one notification (fact sheet, section 1.3).

The priority alias decides first, the position in ``<modules>`` second. SEND_RESPONSE is inverted twice: LAST runs
first, and equal priorities run from the bottom of ``<modules>`` to the top: whoever is outermost on the way in sees
the response last. EXECUTE_REQUEST_HANDLER ignores priorities: there the handler mapping's own list decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyiismod.abi.constants import RQ_EXECUTE_REQUEST_HANDLER, RQ_SEND_RESPONSE

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


def in_order(subscribers: Iterable[Subscriber], bit: int, post: bool = False) -> list[Subscriber]:
    """Return those who want this phase of this notification, in the order in which they are told."""
    told = [s for s in subscribers if s.wants(bit, post)]
    if bit == RQ_EXECUTE_REQUEST_HANDLER and not post:
        return sorted(told, key=lambda s: s.position)
    return sorted(told, key=lambda s: (s.rank(bit, post), s.position), reverse=bit == RQ_SEND_RESPONSE)
