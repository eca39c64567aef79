"""The calls that wait for a worker, and who reads what it sends.

Whoever waits for a reply reads it himself, unless somebody reads already: to be woken by another thread would cost as
much as a small request takes. What he finds for others he passes on; when he has his own, a thread of ours reads on as
long as anybody waits. It reads, too, when a call has a listener, whose caller does other things meanwhile. When nobody
waits, nobody reads.

As long as replies come quickly, a caller looks for the next one awake for a while before he goes to sleep: a processor
that sleeps takes longer to wake than a small request takes. Whoever else wants the processor gets it.

A reader waits for two things, the worker and our own word that it is over. The end of the pipe would not do: wineserver
may hold it open for seconds. Windows cannot wait for a pipe and something else; there the thread reads always, and the
pipe does end with the worker.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import perf_counter_ns
from typing import Any

from pyiismod.errors import PyiismodError
from pyiismod.worker.call import BEFORE_REPLY, Call, again
from pyiismod.worker.channel import Channel, ChannelClosed, ChannelError
from pyiismod.worker.evidence import Hang
from pyiismod.worker.protocol import Reply

__all__ = ["Replies"]

_CALLERS_READ = sys.platform != "win32"
_QUICK = 500_000  # nanoseconds that a caller looks for a reply without sleep, if the last one came in that time


class Replies:
    """Of one worker.

    Args:
        pipe: where the worker's messages come from; closed by :meth:`finish`.
        writing: the pipe that commands go to, which is not ours.
        name: of the thread.
        lost: called once, when nothing more will be read.
        announce: told of each message before it leaves.

    Attributes:
        channel: over the two pipes: commands are sent with it; nobody else receives.
        trouble: what was wrong with what came, or None.
        death: why no call gets a reply any more, or None.
    """

    def __init__(
        self, pipe: Any, writing: int, name: str, lost: Callable[[], None], announce: Callable[[int], None]
    ) -> None:
        self._pipe = pipe
        self._over, self._say_over = os.pipe()
        self._look = _poll(pipe.fileno(), self._over) if _CALLERS_READ else None
        self.channel: Channel[Reply] = Channel(pipe.fileno(), writing, Reply, self._wait_for_more, announce)
        self.trouble: ChannelError | None = None
        self.death: PyiismodError | None = None
        self._lost = lost
        self._lock = Lock()
        self._calls: dict[int, Call] = {}
        self._next = 0
        self._ended = Event()  # nothing more will be read
        self._is_read = False
        self._is_always_read = not _CALLERS_READ
        self._is_taking = False  # what has left the pipe and was not passed on yet
        self._is_quick = False  # the last reply that a caller has read came soon
        self._is_awake = False  # whoever reads now need not sleep at once
        self._wanted = allocate_lock()  # held until the thread has to read
        self._wanted.acquire()
        self._thread = Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        if self._is_always_read:
            self._have_read()

    # --- calls

    @property
    def is_idle(self) -> bool:
        """Whether no call waits."""
        return not self._calls

    def expect(self, call: Call, send: Callable[[object], None]) -> int:
        """Note a call, and return the number under which its reply will come: 0 for the first one.

        Args:
            call: the call.
            send: for its listener.

        Raises:
            PyiismodError: why there will be no more replies.
        """
        with self._lock:
            if self.death is not None:
                raise again(self.death)
            number, self._next = self._next, self._next + 1
            self._calls[number] = call
            if call.listener is None:
                call.read = self._read_for
            else:
                call.listener.opened(number, send)
                self._have_read()
        return number

    def forget(self, number: int) -> None:
        """A call was not sent after all."""
        with self._lock:
            self._calls.pop(number, None)

    def overdue(self, now: float) -> Hang | None:
        """Return the call that should have its reply by now."""
        with self._lock:
            for number, call in self._calls.items():
                if call.is_overdue(now):
                    return Hang(number, call.command, call.seconds)
        return None

    # --- whoever reads

    def check(self) -> None:
        """Have what came without being asked for found out."""
        with self._lock:
            if not self._is_read and self._look is not None and (self.channel.has_rest or self._look(0)):
                self._have_read()

    def _read_for(self, call: Call) -> None:
        """Read until this call has its reply, unless somebody reads."""
        leads = False
        try:
            with self._lock:
                if not self._is_read and not call.is_settled:
                    leads = self._is_read = True
                    self._is_awake = self._is_quick
                    started = perf_counter_ns()
            while leads and not call.is_settled and self._read():
                pass
            if leads:
                self._is_quick = perf_counter_ns() - started < _QUICK
        except BaseException:
            if leads and self._is_taking:
                self._lose(ChannelError("reading a reply was interrupted"))
            raise
        finally:
            if leads:
                self._hand_on()

    def _hand_on(self) -> None:
        with self._lock:
            if not self._ended.is_set():
                self._is_read = self._is_awake = False
                if self._calls or self._is_always_read:
                    self._have_read()

    def _have_read(self) -> None:
        if not self._is_read:
            self._is_read = True
            self._wanted.release()

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._wanted.acquire()
            while not self._ended.is_set() and self._read() and not self._may_rest():
                pass

    def _may_rest(self) -> bool:
        with self._lock:
            self._is_read = bool(self._calls) or self._is_always_read
            return not self._is_read

    def _read(self) -> bool:
        """Take one message; return whether there may be more."""
        try:
            self._is_taking = True
            reply = self.channel.receive()
            is_last = not isinstance(reply, BEFORE_REPLY)
            with self._lock:
                call = self._calls.pop(reply.id, None) if is_last else self._calls.get(reply.id)
            if call is None:
                raise ChannelError(f"nobody asked for {type(reply).__name__} {reply.id}")
            if is_last:
                call.settle(reply, None)
            else:
                call.deliver(reply)
            self._is_taking = False
        except (ChannelClosed, OSError):
            self._lose(None)
            return False
        except ChannelError as error:
            self._lose(error)
            return False
        return True

    def _wait_for_more(self) -> None:
        if self._look is not None:
            self._is_taking = False
            if not (self._is_awake and _comes_soon(self._look)):
                self._look(None)
            self._is_taking = True

    def _lose(self, trouble: ChannelError | None) -> None:
        with self._lock:
            self.trouble = trouble
            self._is_read = True  # as far as anybody can
            self._ended.set()
            if self._wanted.locked():
                self._wanted.release()
        self._lost()

    # --- the end

    def finish(self, patience: float) -> None:
        """The worker is gone: have all read that it has sent.

        Args:
            patience: seconds until the pipe has to have ended.
        """
        with self._lock:
            self._is_always_read = True
            self._have_read()
        if not self._ended.wait(patience):
            os.write(self._say_over, b"!")
        self._thread.join(patience)
        if not self._thread.is_alive():
            self._pipe.close()
            for descriptor in (self._over, self._say_over):
                os.close(descriptor)

    def fail(self, error: PyiismodError) -> None:
        """Tell everybody who waits, and all who will come, why there is no reply."""
        with self._lock:
            self.death = error
            waiting = list(self._calls.values())
            self._calls.clear()
        for call in waiting:
            call.settle(None, error)


def _comes_soon(look: Callable[[int], bool]) -> bool:
    """Look for a while; return whether there was something to see."""
    until = perf_counter_ns() + _QUICK
    while not look(0):
        if perf_counter_ns() > until:
            return False
        if sys.platform != "win32":
            os.sched_yield()
    return True


def _poll(pipe: int, over: int) -> Callable[[float | None], bool]:
    """Return what waits, for so many milliseconds, until there is something to read in ``pipe``, and says whether there
    is. When there is in ``over``, it raises ChannelClosed.
    """
    import select

    both = select.poll()
    for each in (pipe, over):
        both.register(each, select.POLLIN)

    def look(milliseconds: float | None) -> bool:
        found = both.poll(milliseconds)
        if any(descriptor == over for descriptor, _ in found):
            raise ChannelClosed("the worker is gone")
        return bool(found)

    return look
