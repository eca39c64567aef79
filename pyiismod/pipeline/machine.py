"""The deterministic notifications of one request: where it is, and what a status does (fact sheet, 2.1 and 2.3).

For each event all ``OnX`` in order, then what IIS core does itself, then all ``OnPostX``, then the next event. FINISH
leaves for LOG_REQUEST at once: the rest of this event, its post phase and all events between are skipped. Threads are
no business of the machine; see :mod:`pyiismod.pipeline.driver`.
"""

from __future__ import annotations

from collections.abc import Callable

from pyiismod.abi.constants import RQ_END_REQUEST, RQ_EXECUTE_REQUEST_HANDLER, RQ_LOG_REQUEST
from pyiismod.pipeline.order import Plan, Step, Subscriber

CONTINUE, PENDING, FINISH_REQUEST = range(3)

_NOTHING = (0, 0)
NEVER_SKIPPED = RQ_LOG_REQUEST | RQ_END_REQUEST
"""Bits of the events that FINISH does not skip."""


class Machine:
    """The position of one request in its application's plan.

    Args:
        plan: whom to tell.
        is_handled: says whether the handler stage is over (``SetRequestHandled`` was called).
    """

    def __init__(self, plan: Plan, is_handled: Callable[[], bool]) -> None:
        self._steps = plan.steps
        self._is_handled = is_handled
        self._disabled: dict[int, tuple[int, int]] = {}
        self._finished = False
        self._stopped = 0  # what follows the step that left for LOG_REQUEST
        self._next = 0

    @property
    def position(self) -> tuple[int, bool]:
        """Bit and phase of the event that the request is in, or in which it left for LOG_REQUEST; bit 0 before all."""
        return _here(self._steps, self._stopped or self._next)

    def replan(self, plan: Plan) -> None:
        """Go on by another plan, which tells of what is over what this one told."""
        self._steps = plan.steps

    def disable(self, subscriber: Subscriber, request_mask: int, post_mask: int) -> None:
        """Stop telling this module of these notifications for the rest of the request (``DisableNotifications``)."""
        request, post = self._disabled.get(subscriber.position, _NOTHING)
        self._disabled[subscriber.position] = (request | request_mask, post | post_mask)

    def next(self) -> Step | None:
        """Advance to the next step and return it, or None at the end."""
        index = self._find(self._next, self._finished)
        self._next = index + 1
        return self._steps[index] if index < len(self._steps) else None

    def settle(self, bit: int, status: int) -> bool:
        """Act on what a step of ``bit`` returned; False when that status cannot be acted on and counts as CONTINUE."""
        if status == FINISH_REQUEST and not bit & NEVER_SKIPPED:
            self._stopped, self._finished = self._stopped or self._next, True
            return True
        return status == CONTINUE

    def is_last(self, subscriber: Subscriber, bit: int, status: int) -> bool:
        """Return whether, given that status, no further step is this module's (``GetIsLastNotification``, 2.6)."""
        finished = self._after(bit, status)
        index = self._find(self._next, finished)
        while index < len(self._steps):
            if self._steps[index][0] is subscriber:
                return False
            index = self._find(index + 1, finished)
        return True

    def take_next(self, subscriber: Subscriber, bit: int, status: int) -> Step | None:
        """Settle and advance if the very next step is this module's too (``GetNextNotification``, 2.6)."""
        finished = self._after(bit, status)
        index = self._find(self._next, finished)
        if index >= len(self._steps) or self._steps[index][0] is not subscriber:
            return None
        if finished:
            self._stopped = self._stopped or self._next
        self._finished, self._next = finished, index + 1
        return self._steps[index]

    def _after(self, bit: int, status: int) -> bool:
        return self._finished or (status == FINISH_REQUEST and not bit & NEVER_SKIPPED)

    def _find(self, index: int, finished: bool) -> int:
        """Return the index of the first step from ``index`` on that applies."""
        if not finished and not self._disabled and index < len(self._steps):  # which is so mostly
            _, bit, post = self._steps[index]
            if bit != RQ_EXECUTE_REQUEST_HANDLER or post:
                return index
        while index < len(self._steps):
            subscriber, bit, post = self._steps[index]
            if not finished or bit & NEVER_SKIPPED:
                if subscriber is None:
                    return index
                handler = bit == RQ_EXECUTE_REQUEST_HANDLER and not post
                disabled = self._disabled.get(subscriber.position, _NOTHING)[post] & bit
                if not disabled and not (handler and self._is_handled()):
                    return index
            index += 1
        return index


def _here(steps: tuple[Step, ...], following: int) -> tuple[int, bool]:
    if not following:
        return (0, False)
    return steps[following - 1][1:] if following <= len(steps) else (RQ_END_REQUEST, True)
