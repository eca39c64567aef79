"""What one request waits for: completions, from whatever thread they come, and the thread that waits (fact sheet 2.4).

The thread that the request came on goes no further than the first PENDING; from there on it lends itself to completions
that the schedule wants there, while other threads drive the request. Whoever drives it to its end wakes it; before it
goes, every completion that is on its way has found its turn, or has been noted as one too many. The black box says all
the time which notification it waits for.
"""

from __future__ import annotations

from _queue import SimpleQueue
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any

from pyiismod.abi.notifications import handler_of
from pyiismod.host.errors import ERROR_NOT_FOUND, ERROR_OPERATION_ABORTED, S_OK
from pyiismod.host.timing import EARLY, INLINE, timing
from pyiismod.host.trace import current
from pyiismod.host.traffic import Traffic
from pyiismod.pipeline import PENDING, WAITING, Completion, Driver, Turn
from pyiismod.rules.completion import OVERLAPPING, STARTED_OUTSIDE

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.threads import Pool, Work

_EARLY_PATIENCE = 0.05  # seconds that a starting call is held back for its early completion
_lock = allocate_lock()  # one for all requests: making one costs more under Wine than a request may


class Asynchrony:
    """Of one request, which has it from the first time on that something is asynchronous.

    Args:
        exchange: the request.
        driver: drives it.
        threads: IIS's own, for completions.
        schedule: when completions are delivered; see :mod:`pyiismod.host.timing`.

    Attributes:
        is_full_duplex: whether a read and a write may be under way together.
    """

    def __init__(self, exchange: Exchange, driver: Driver, threads: Pool, schedule: str | int) -> None:
        self._exchange = exchange
        self._driver = driver
        self._threads = threads
        self._timing = timing(schedule)
        self._timeline = exchange.timeline
        self._top = self  # the top-level request's: its thread is the one that waits
        self._inbox: SimpleQueue[Work | None] = SimpleQueue()
        self._on_their_way = Traffic()
        self._over = False
        self._token: Any = None
        self._holds = False
        self.is_full_duplex = False

    # --- the thread that waits

    def wait(self) -> None:
        """Lend this thread to completions until the request is over."""
        box = self._timeline.box
        with _lock:
            token = self._token = box.begin("pending", "", None, False)
            self._note()
        while (work := self._inbox.get()) is not None:
            work()
        self._on_their_way.drain()
        with _lock:
            self._token = None
        box.end(token)

    def waits(self, turn: Turn) -> None:
        """Nothing goes on before something from outside completes this turn."""
        with _lock:
            if self._driver.turn is turn and turn.state == WAITING:
                self._top._note()

    def _note(self) -> None:
        turn = self._exchange.waiting_turn
        subscriber, bit, post = turn.step if turn is not None else (None, 0, False)
        if self._token is not None and turn is not None and subscriber is not None:
            armed = ", ".join(completion.what for completion in turn.armed)
            handler = handler_of(bit, post)
            self._timeline.box.change(self._token, subscriber.key.file, handler, post, turn.told, armed)

    def end(self) -> None:
        """The request is over: wake the thread that waits. Idempotent."""
        with _lock:
            self._over = True
            self._inbox.put(None)

    # --- completions

    def start(self, completion: Completion) -> Turn | None:
        """Something asynchronous begins in the turn that is returned; :meth:`post` ends it.

        Without a turn that could wait for it that is a violation, and there is nothing to end.
        """
        frame = current()
        completion.is_own = frame is not None and frame.is_guest
        turn = self._meant(completion.what, "started")
        if turn is not None:
            self._check_alone(turn, completion)
            turn.armed.append(completion)
            completion.is_posted = True
            self.waits(turn)
        return turn

    def _meant(self, what: str, done: str) -> Turn | None:
        """Return the turn that this thread completes, or note that there is none.

        It is the one that the module was told of on this thread. In a nested notification, and on a thread of a
        module's own, it can only be the open one; when that is a step of IIS's own, such a thread completes again what
        it has completed before.
        """
        frame = current()
        if frame is not None and frame.turn is not None and frame.timeline is self._timeline:
            return frame.turn  # type: ignore[no-any-return]
        turn = self._driver.turn
        if turn is not None and turn.step[0] is None:
            turn = self._driver.waited if frame is not None and frame.is_guest else None
        if turn is None:
            self._timeline.violation(STARTED_OUTSIDE, f"{what} was {done} when no notification was open")
        return turn

    def _check_alone(self, turn: Turn, completion: Completion) -> None:
        """One operation at a time, unless it is a read and a write in full duplex."""
        for other in list(turn.armed) if completion.operation else ():
            if other.operation and not (self.is_full_duplex and other.operation != completion.operation):
                why = "a second one of its kind" if self.is_full_duplex else "EnableFullDuplex was not called"
                self._timeline.violation(
                    OVERLAPPING, f"{completion.what} was started while {other.what} was under way: {why}"
                )

    def post(self, turn: Turn, completion: Completion) -> None:
        """What was started is over: have the module told as the schedule says."""
        completion.timing = completion.timing or self._timing.draw()
        self._driver.post(turn, completion, early=completion.timing == EARLY)

    def complete(self, completion: Completion) -> None:
        """``PostCompletion``: something begins and is over."""
        if (turn := self.start(completion)) is not None:
            self.post(turn, completion)

    def indicate(self, status: int) -> None:
        """``IndicateCompletion``: go on with that status, on this thread, inside this call."""
        if (turn := self._meant("IndicateCompletion", "called")) is None:
            return
        if status == PENDING:
            self._exchange.drive(lambda: self._driver.deliver(turn, Completion("IndicateCompletion")))
        else:
            self._exchange.drive(lambda: self._driver.indicate(turn, status))

    def conclude(self, completion: Completion, pfPending: Any, *, is_slow: bool) -> int:
        """Carry out an operation that the module lets be asynchronous, here or when it is to be told.

        Args:
            completion: the operation.
            pfPending: where to say whether the module will be told; when NULL it always is.
            is_slow: whether IIS would have to wait for the network here.

        Returns:
            what the call returns.
        """
        completion.timing = self._timing.draw()
        if (is_slow and completion.timing != INLINE) or not pfPending:
            if pfPending:
                pfPending[0] = 1
            if (turn := self.start(completion)) is not None:
                self.post(turn, completion)
                return S_OK
        completion.perform()
        if pfPending:
            pfPending[0] = 0
        return completion.status

    def cancel(self) -> int:
        """``CancelIo``: what is under way ends with ERROR_OPERATION_ABORTED."""
        turn = self._driver.turn
        under_way = [completion for completion in turn.armed if completion.operation] if turn is not None else []
        for completion in under_way:
            completion.cancel(ERROR_OPERATION_ABORTED)
        return S_OK if under_way else ERROR_NOT_FOUND

    def call_routine(self, size: int, routine: Any, context: Any) -> None:
        """Call a completion routine of a module; the pipeline is not touched (``IHttpContext3``)."""
        told = self._exchange.told
        file = told.key.file if told is not None else ""

        def run() -> None:
            with self._timeline.inside("completion routine", file, "completion routine") as event:
                event.args = {"bytes": size}
                routine(0, size, context)

        self._do(run, self._timing.draw())

    # --- threads

    def schedule(self, turn: Turn, completion: Completion) -> None:
        """Deliver a completion as it was drawn when it was posted."""
        counted = not completion.is_to_do  # that takes as long as the client does, and is missed when its turn ends
        if counted:
            self._top._on_their_way.enter()
        self._do(lambda: self._exchange.drive(lambda: self._deliver(turn, completion, counted)), completion.timing)

    def _deliver(self, turn: Turn, completion: Completion, counted: bool) -> None:
        try:
            is_taken = self._driver.take(turn, completion)
        finally:
            if counted:
                self._top._on_their_way.leave()
        if is_taken:
            self._driver.tell(turn, completion)

    def _do(self, work: Work, timing: str) -> None:
        if (frame := current()) is not None:
            frame.has_left = True
        if timing == INLINE:
            top = self._top
            with _lock:
                if not top._over:
                    top._inbox.put(work)
                    return
        if timing == EARLY and not self._holds:
            self._do_early(work)
        else:
            self._threads.submit(lambda: self._visit(work))

    def _do_early(self, work: Work) -> None:
        """Hold the calling thread back until all that follows is over. One at a time: the others race with it."""
        self._holds = True
        done = allocate_lock()
        done.acquire()

        def run() -> None:
            self._visit(work)
            done.release()

        self._threads.submit(run)
        done.acquire(timeout=_EARLY_PATIENCE)
        self._holds = False

    def _visit(self, work: Work) -> None:
        with self._timeline.visit():
            work()
