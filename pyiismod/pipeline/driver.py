"""Who goes on with a request, when notifications return PENDING and completions come from any thread (fact sheet 2.4).

At any time one *turn* is open: a step that a module was told of and that is not settled yet. Its handler may return a
status; ``IndicateCompletion`` may settle it from any thread, even while the handler is still on its stack; a posted
completion calls ``OnAsyncCompletion``, whose status settles it or keeps it waiting. Whoever settles the turn drives the
request on, inside that very call, to the end if need be. A turn is settled once; a second attempt is a violation.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from pyiismod.pipeline.machine import CONTINUE, PENDING, Machine
from pyiismod.pipeline.order import Step

_lock = Lock()  # one for all requests: held for a few instructions, and making one costs more than a request may
RUNNING, WAITING, SETTLED = "running", "waiting", "settled"


class Completion:
    """The end of something asynchronous.

    Args:
        what: what was started, for messages: ``"PostCompletion"``, ``"Flush"``, …
        size: bytes, as ``GetCompletionBytes`` says.
        status: HRESULT, as ``GetCompletionStatus`` says.
        callback: (function, context) that is called instead of ``OnAsyncCompletion``, or None.
        operation: for ``GetCompletedOperation``; 0 for what is no input or output.
        work: does it, when it comes to that, and returns size and status; None when it is done already. While it waits
            it asks :attr:`is_wanted`.
        wake: has the work ask that anew.

    Attributes:
        is_wanted: until it is cancelled.
        timing: how the dispatcher delivers it; the driver does not care.
        is_own: whether a thread of a module's own started it.
        is_posted: whether the module is told of it, instead of having it as a result.
    """

    def __init__(
        self,
        what: str,
        size: int = 0,
        status: int = 0,
        callback: tuple[Any, Any] | None = None,
        operation: int = 0,
        work: Callable[[Completion], tuple[int, int]] | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self.what = what
        self.size = size
        self.status = status
        self.callback = callback
        self.operation = operation
        self._work = work
        self._is_result = work is None
        self._wake = wake
        self.is_wanted = True
        self.timing = ""
        self.is_own = False
        self.is_posted = False

    @property
    def is_to_do(self) -> bool:
        """Whether its work is left to do."""
        return self._work is not None

    def perform(self) -> None:
        """Do the work, if that is left to do."""
        work, self._work = self._work, None
        if work is not None:
            self.size, self.status = work(self)

    def cancel(self, status: int) -> None:
        """End it with this status, without the work if that is still to do. Work that is done already has its result;
        work that is being done learns that nobody wants it, and says itself how it ended.
        """
        self.is_wanted = False
        if self._is_result or self._work is not None:
            self._work, self.size, self.status = None, 0, status
        if self._wake is not None:
            self._wake()


class Turn:
    """One open step.

    Attributes:
        step: whom, which bit, which phase.
        state: ``"running"``: module code is on a stack; ``"waiting"``: it returned PENDING; ``"settled"``.
        started: when it began, by the monotonic clock.
        since: when it began to wait, or 0.
        armed: what was started and has not come back.
        told: how many completions its module was told of.
        arrived: what has come back before the handler has returned.
    """

    state = RUNNING
    since = 0.0
    told = 0
    arrived: tuple[Completion, ...] = ()

    def __init__(self, step: Step) -> None:
        self.step = step
        self.started = monotonic()
        self.armed: list[Completion] = []


class Dispatcher(Protocol):
    """What happens at each step; implemented by the fake IIS."""

    def notify(self, turn: Turn) -> int:
        """Call the handler (or do IIS's own work) and return its status, unchecked."""

    def completed(self, turn: Turn, completion: Completion) -> int:
        """Call ``OnAsyncCompletion`` or the callback, and return its status, unchecked."""

    def schedule(self, turn: Turn, completion: Completion) -> None:
        """Have :meth:`Driver.deliver` called for this completion, here or on another thread."""

    def waits(self, turn: Turn) -> None:
        """Note that nothing goes on before something from outside completes this turn."""

    def strange_status(self, turn: Turn, status: int) -> None:
        """Note a status that this step cannot act on; it counts as CONTINUE."""

    def completed_twice(self, turn: Turn, what: str) -> None:
        """Note a completion of a turn that is settled already."""

    def forgotten(self, turn: Turn) -> None:
        """Note a handler that ended its turn although something it started is still under way."""

    def finish(self) -> None:
        """End the request: send what was not sent yet, dispose, release."""


class Driver:
    """Drives one request across threads.

    Args:
        machine: where it is.
        dispatcher: does the work.

    Attributes:
        turn: the open one.
        waited: the last one that PENDING was returned from.
    """

    def __init__(self, machine: Machine, dispatcher: Dispatcher) -> None:
        self._machine = machine
        self._dispatcher = dispatcher
        self.turn: Turn | None = None
        self.waited: Turn | None = None

    def run(self) -> None:
        """Go on until the request ends or a turn waits; then return."""
        while True:
            step = self._machine.next()
            if step is None:
                self.turn = None
                self._dispatcher.finish()
                return
            turn = self.turn = Turn(step)
            if not self._back(turn, self._dispatcher.notify(turn)):
                return

    def post(self, turn: Turn, completion: Completion, *, early: bool = False) -> None:
        """Something that was started has ended: deliver it when the handler has returned PENDING, or now if ``early``.

        IIS does not serialise: a completion may run while the handler that started it is still on its stack.
        """
        with _lock:
            if turn.state == RUNNING and not early:
                turn.arrived += (completion,)
                return
        self._dispatcher.schedule(turn, completion)

    def deliver(self, turn: Turn, completion: Completion) -> None:
        """Tell the module that something has ended, and act on what it answers."""
        if self.take(turn, completion):
            self.tell(turn, completion)

    def take(self, turn: Turn, completion: Completion) -> bool:
        """Something has ended: open its turn again and return True, or note that the turn is settled already.

        What is left to do of it is done first, while the turn still waits. When that is nothing, no code of a module
        runs here, so whoever waits for the end of the request can wait for this, too.
        """
        if turn.state != SETTLED:
            completion.perform()
        with _lock:
            late = turn.state == SETTLED
            if completion in turn.armed:
                turn.armed.remove(completion)
            if not late:
                turn.state = RUNNING
                turn.told += 1
        if late and completion.is_wanted:
            self._dispatcher.completed_twice(turn, completion.what)
        return not late

    def tell(self, turn: Turn, completion: Completion) -> None:
        """Tell the module of what was taken, and act on what it answers."""
        if self._back(turn, self._dispatcher.completed(turn, completion)):
            self.run()

    def indicate(self, turn: Turn, status: int) -> None:
        """``IndicateCompletion``: settle the turn and go on, on this thread, inside this call."""
        with _lock:
            late, turn.state = turn.state == SETTLED, SETTLED
        if late:
            self._dispatcher.completed_twice(turn, "IndicateCompletion")
            return
        self._settle(turn, status)
        self.run()

    def _back(self, turn: Turn, status: int) -> bool:
        """Module code has returned; say whether this thread drives on."""
        with _lock:
            if turn.state == SETTLED:
                mine = False
            elif status == PENDING and turn.step[0] is not None:
                turn.state, turn.since, self.waited = WAITING, monotonic(), turn
                arrived, turn.arrived = turn.arrived, ()
                mine = None
            else:
                turn.state, mine = SETTLED, True
        if mine is None:
            for completion in arrived:
                self._dispatcher.schedule(turn, completion)
            if not arrived:
                self._dispatcher.waits(turn)
            return False
        if not mine:
            if status != PENDING:
                self._dispatcher.completed_twice(turn, "the handler's return")
            return False
        if status != CONTINUE or turn.armed:
            self._settle(turn, status)
        return True

    def _settle(self, turn: Turn, status: int) -> None:
        if turn.armed:
            self._dispatcher.forgotten(turn)
        if not self._machine.settle(turn.step[1], status):
            self._dispatcher.strange_status(turn, status)
