"""One call of the worker, from its command to its reply, and what comes in between."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

import msgspec

from pyiismod.errors import PyiismodError, WorkerError
from pyiismod.worker.protocol import RESPONSE_BODY, Asked, Begun, Command, Credit, Fire, Fired, Gone, Part, Reply

__all__ = ["BEFORE_REPLY", "Call", "Listener", "again"]

BEFORE_REPLY = (Part, Credit, Gone, Begun, Asked)
"""What may come any number of times before the reply."""


class Listener(Protocol):
    """Whoever takes part in a call between its command and its reply. All but :meth:`opened` come on another thread."""

    def opened(self, number: int, send: Callable[[object], None]) -> None:
        """The call has its number, and is about to be sent."""

    def deliver(self, message: Any) -> None:
        """Take what the worker sends before its reply; must not wait."""

    def settled(self) -> None:
        """The reply is there, or will never come."""

    @property
    def is_awaited(self) -> bool:
        """Whether the worker could be waiting for this side: then the deadline waits as well."""


class Call:
    """A call that waits for its reply.

    Args:
        command: what was sent, or what is waited for.
        seconds: between two signs of life of the worker.
        listener: who takes what comes before the reply; a body that was not asked for in pieces is gathered here.

    Attributes:
        read: reads replies until this one's is there, unless somebody else does; whoever waits calls it.
    """

    read: Callable[[Call], None] | None = None

    def __init__(self, command: Command | str, seconds: float, listener: Listener | None = None) -> None:
        self.command = command if isinstance(command, str) else type(command).__name__
        self.is_streamed = isinstance(command, Fire) and command.stream
        self.seconds = seconds
        self.listener = listener
        self.parts: list[bytes] = []
        self.deadline = monotonic() + seconds
        self._open = allocate_lock()  # held until the call is settled
        self._open.acquire()
        self.reply: Reply | None = None
        self.error: PyiismodError | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the reply is there, or will never come."""
        return self.reply is not None or self.error is not None

    def deliver(self, message: Reply) -> None:
        """Take what comes before the reply; the deadline begins anew."""
        self.deadline = monotonic() + self.seconds
        if isinstance(message, Part) and message.flow == RESPONSE_BODY and not self.is_streamed:
            self.parts.append(message.data)
        elif self.listener is not None:
            self.listener.deliver(message)

    def is_overdue(self, now: float) -> bool:
        """Return whether the worker should have replied by now."""
        if self.listener is not None and self.listener.is_awaited:
            self.deadline = now + self.seconds
        return self.deadline < now

    def settle(self, reply: Reply | None, error: PyiismodError | None) -> None:
        """This is the end of it."""
        if self.parts and isinstance(reply, Fired):
            reply = msgspec.structs.replace(reply, body=b"".join(self.parts))
        self.reply, self.error = reply, error
        self._open.release()
        if self.listener is not None:
            self.listener.settled()

    def wait(self) -> Reply:
        """Wait for the reply.

        Raises:
            ModuleCrashed, ModuleExited, ModuleHung: a module ended the worker, or did not come back.
            WorkerError: the worker failed.
        """
        if self.read is not None:
            self.read(self)
        with self._open:
            pass
        if self.reply is None:
            raise again(self.error)
        return self.reply


def again(error: PyiismodError | None) -> PyiismodError:
    """Return a fresh copy: an exception object belongs to the thread that raises it."""
    if error is None:
        return WorkerError("the worker gave neither reply nor reason")
    return type(error)(error.message, hint=error.hint, details=error.details)
