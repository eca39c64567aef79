"""The engine in this very process, for debuggers and for our own tests of the host. Windows only.

A crash of the module is a crash of this process: nothing here protects against it. Run a debugger on it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from math import inf
from threading import Thread
from typing import Any

import msgspec

from pyiismod.errors import UsageError
from pyiismod.worker.call import Call, Listener
from pyiismod.worker.engine import Engine
from pyiismod.worker.output import Output
from pyiismod.worker.protocol import Command, Fire, Part, Reply


class NoBox:
    """A black box for a process that nobody watches."""

    def begin(self, phase: str, module: str, notification: str | None, post: bool) -> None:
        """Note nothing."""

    def end(self, token: Any) -> None:
        """Note nothing."""

    def change(self, token: Any, module: str, notification: str | None, post: bool, told: int, armed: str) -> None:
        """Note nothing."""

    def command(self, id: int) -> None:
        """Note nothing."""

    def call(self, text: str) -> None:
        """Note nothing."""

    def drain_debug(self, cursor: int) -> tuple[list[Any], int]:
        """Return nothing: OutputDebugString goes to the debugger."""
        return [], cursor


class InProcess:
    """Carries out commands here.

    Raises:
        UsageError: this is not Windows.
    """

    _engine: Engine
    _numbers: Iterator[int]

    def __init__(self) -> None:
        if sys.platform != "win32":
            raise UsageError(
                "in_process=True loads the DLL into this very process, which has to be a Windows one.",
                hint="Leave it out: the module then runs in a worker.",
            )
        self._engine = Engine(NoBox())
        self._numbers = count(1)
        self.output = Output()  # stays empty: a module prints to this process's own stdout

    def call(self, command: Command, deadline: float | None = None) -> Reply:
        """Carry out one command; there is no deadline here."""
        return self._engine.handle(command)

    def begin(self, command: Command, deadline: float | None = None, listener: Listener | None = None) -> Call:
        """Carry out one command on a thread of its own."""
        call = Call(command, inf, listener)
        command = msgspec.structs.replace(command, id=next(self._numbers))
        if listener is not None and isinstance(command, Fire):
            listener.opened(command.id, lambda message: self._engine.streams.deliver(_own(message)))
            self._engine.streams.expect(command, lambda message: call.deliver(_own(message)))
        Thread(target=lambda: call.settle(self._engine.handle(command), None), daemon=True).start()
        return call

    def drain(self) -> None:
        """Wait for nothing: what still comes is answered by an engine without modules."""

    def close(self) -> None:
        """Do nothing: the process goes on."""


def _own(message: Any) -> Any:
    """Return a message with data of its own, as one that has been through a pipe."""
    return msgspec.structs.replace(message, data=bytes(message.data)) if isinstance(message, Part) else message
