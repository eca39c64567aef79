"""The deterministic notifications of one request, as a resumable state machine (fact sheet, 2.1 and 2.3).

For each event all ``OnX`` in order, then what IIS core does itself, then all ``OnPostX``, then the next event. FINISH
leaves for LOG_REQUEST at once: the rest of this event, its post phase and all events between are skipped. PENDING
stops the machine where it stands; :meth:`Machine.resume` goes on with the status the completion brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pyiismod.abi.constants import RQ_END_REQUEST, RQ_EXECUTE_REQUEST_HANDLER, RQ_LOG_REQUEST
from pyiismod.abi.notifications import DETERMINISTIC
from pyiismod.pipeline.order import Subscriber, in_order

CONTINUE, PENDING, FINISH_REQUEST = range(3)

_NEVER_SKIPPED = RQ_LOG_REQUEST | RQ_END_REQUEST


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
        subscribers: the application's modules.
        dispatcher: does the work.

    Attributes:
        done: whether the request has ended.
    """

    def __init__(self, subscribers: Iterable[Subscriber], dispatcher: Dispatcher) -> None:
        self._subscribers = list(subscribers)
        self._dispatcher = dispatcher
        self._disabled: dict[int, tuple[int, int]] = {}
        self._finished = False
        self._current: tuple[Subscriber, int, bool] | None = None
        self._steps = self._walk()
        self.done = False

    @property
    def waits_for(self) -> tuple[Subscriber, int, bool] | None:
        """The (subscriber, bit, post) that returned PENDING and was not completed yet."""
        return self._current

    def disable(self, subscriber: Subscriber, request_mask: int, post_mask: int) -> None:
        """Stop telling this module of these notifications for the rest of the request (``DisableNotifications``)."""
        request, post = self._disabled.get(subscriber.position, (0, 0))
        self._disabled[subscriber.position] = (request | request_mask, post | post_mask)

    def run(self) -> bool:
        """Go on until the request ends (True) or a module returns PENDING (False)."""
        for subscriber, bit, post in self._steps:
            status = self._dispatcher.notify(subscriber, bit, post)
            if status == PENDING:
                self._current = (subscriber, bit, post)
                return False
            self._act_on(status, subscriber, bit, post)
        self.done = True
        return True

    def resume(self, status: int) -> bool:
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
        if status == FINISH_REQUEST and not bit & _NEVER_SKIPPED:
            self._finished = True
        elif status != CONTINUE:
            self._dispatcher.strange_status(subscriber, bit, post, status)

    def _walk(self) -> Iterator[tuple[Subscriber, int, bool]]:
        for bit in DETERMINISTIC:
            if self._finished and not bit & _NEVER_SKIPPED:
                continue
            yield from self._tell(bit, post=False)
            if self._cut_short(bit):
                continue
            if self._dispatcher.core(bit) == FINISH_REQUEST:
                self._finished = True
                continue
            yield from self._tell(bit, post=True)
        self._dispatcher.finish()

    def _tell(self, bit: int, post: bool) -> Iterator[tuple[Subscriber, int, bool]]:
        for subscriber in in_order(self._subscribers, bit, post):
            if bit == RQ_EXECUTE_REQUEST_HANDLER and not post and self._dispatcher.is_handled():
                return
            if not self._disabled.get(subscriber.position, (0, 0))[post] & bit:
                yield subscriber, bit, post
                if self._cut_short(bit):
                    return

    def _cut_short(self, bit: int) -> bool:
        return self._finished and not bit & _NEVER_SKIPPED
