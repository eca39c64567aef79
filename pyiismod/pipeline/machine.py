"""The deterministic notifications of one request, as a resumable state machine (fact sheet, 2.1 and 2.3).

For each event all ``OnX`` in order, then what IIS core does itself, then all ``OnPostX``, then the next event. FINISH
leaves for LOG_REQUEST at once: the rest of this event, its post phase and all events between are skipped. PENDING
stops the machine where it stands; :meth:`Machine.resume` goes on with the status the completion brought.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pyiismod.abi.constants import RQ_END_REQUEST, RQ_EXECUTE_REQUEST_HANDLER, RQ_LOG_REQUEST
from pyiismod.pipeline.order import Plan, Subscriber

CONTINUE, PENDING, FINISH_REQUEST = range(3)

Step = tuple[Subscriber, int, bool]
"""Whom to tell, of which bit, and whether of its post phase."""

_NOTHING = (0, 0)
NEVER_SKIPPED = RQ_LOG_REQUEST | RQ_END_REQUEST
"""Bits of the events that FINISH does not skip."""


class Dispatcher(Protocol):
    """What happens at each step; implemented by the fake IIS."""

    def notify(self, subscriber: Subscriber, bit: int, post: bool) -> int:
        """Call the handler and return the ``REQUEST_NOTIFICATION_STATUS`` it answered, unchecked."""

    def is_handled(self) -> bool:
        """Return whether the handler stage is over (``SetRequestHandled`` was called)."""

    def core(self, bit: int) -> int:
        """Do what IIS itself does between ``OnX`` and ``OnPostX``; return CONTINUE or FINISH_REQUEST."""

    def finish(self) -> None:
        """Send what was not sent yet: the last thing of every request."""

    def strange_status(self, subscriber: Subscriber, bit: int, post: bool, status: int) -> None:
        """Note a status that this step cannot act on; it counts as CONTINUE."""


class Machine:
    """Drives one request through the events.

    Args:
        plan: whom to tell.
        dispatcher: does the work.
    """

    def __init__(self, plan: Plan, dispatcher: Dispatcher) -> None:
        self._plan = plan
        self._dispatcher = dispatcher
        self._disabled: dict[int, tuple[int, int]] = {}
        self._finished = False
        self._current: Step | None = None
        self._steps = self._walk()

    def disable(self, subscriber: Subscriber, request_mask: int, post_mask: int) -> None:
        """Stop telling this module of these notifications for the rest of the request (``DisableNotifications``)."""
        request, post = self._disabled.get(subscriber.position, _NOTHING)
        self._disabled[subscriber.position] = (request | request_mask, post | post_mask)

    def run(self) -> Step | None:
        """Go on until the request ends (None) or a module returns PENDING (the step that now waits)."""
        for step in self._steps:
            status = self._dispatcher.notify(*step)
            if status == PENDING:
                self._current = step
                return step
            self._act_on(status, *step)
        return None

    def resume(self, status: int) -> Step | None:
        """Complete the pending notification with ``status`` and go on like :meth:`run`.

        Raises:
            RuntimeError: when no notification is pending.
        """
        if self._current is None:
            raise RuntimeError("no notification is pending")
        current, self._current = self._current, None
        self._act_on(status, *current)
        return self.run()

    def _act_on(self, status: int, subscriber: Subscriber, bit: int, post: bool) -> None:
        if status == FINISH_REQUEST and not bit & NEVER_SKIPPED:
            self._finished = True
        elif status != CONTINUE:
            self._dispatcher.strange_status(subscriber, bit, post, status)

    def _walk(self) -> Iterator[Step]:
        for bit, told, told_post, core in self._plan.events:
            if self._cut_short(bit):
                continue
            for subscriber in told:
                if bit == RQ_EXECUTE_REQUEST_HANDLER and self._dispatcher.is_handled():
                    break
                if not self._disabled.get(subscriber.position, _NOTHING)[0] & bit:
                    yield subscriber, bit, False
                    if self._cut_short(bit):
                        break
            if core and not self._cut_short(bit):
                self._finished |= self._dispatcher.core(bit) == FINISH_REQUEST
            for subscriber in told_post:
                if self._cut_short(bit):
                    break
                if not self._disabled.get(subscriber.position, _NOTHING)[1] & bit:
                    yield subscriber, bit, True
        self._dispatcher.finish()

    def _cut_short(self, bit: int) -> bool:
        return self._finished and not bit & NEVER_SKIPPED
