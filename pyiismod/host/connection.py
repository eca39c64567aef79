"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpconnection-interface

A client's connection: it outlives its requests when the test names it (fact sheet 5.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.connection import IHttpConnection
from pyiismod.host.containers import ConnectionContextContainer, ModuleFile
from pyiismod.host.lifetime import Counted
from pyiismod.host.trace import Timeline

if TYPE_CHECKING:
    from pyiismod.host.incoming import Outgoing


class Connection(Counted, IHttpConnection):
    """One connection. The table of connections holds it until the client has gone, each request while it runs.

    Its memory lives as long as it does (unconfirmed: the reference says, as long as the request).

    Attributes:
        is_open: until the client has gone.

    Args:
        connection_id: as in ``HTTP_REQUEST``.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, connection_id: int, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self.id = connection_id
        self.is_open = True
        self._answers: list[Outgoing] = []

    def carry(self, answer: Outgoing) -> None:
        """A request runs on it: an answer that cuts the connection closes it."""
        self._answers.append(answer)

    def carried(self, answer: Outgoing) -> None:
        """That request is over."""
        self._answers.remove(answer)

    def disconnect(self, timeline: Timeline) -> None:
        """The client has gone: nothing reaches it, and the contexts that want to hear of it are told. Idempotent."""
        was_open, self.is_open = self.is_open, False
        for answer in self._answers[:]:
            answer.abort()
        if was_open and isinstance(self._container, ConnectionContextContainer):
            self._container.notify_disconnect(timeline)

    @property
    def is_connected(self) -> bool:
        """Whether the client is still there."""
        return self.is_open and not any(answer.aborted for answer in self._answers)

    def IsConnected(self) -> int:
        return int(self.is_connected)

    def AllocateMemory(self, cbAllocation: int) -> Any:
        return self.pool.allocate(cbAllocation)

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def _make_container(self) -> ConnectionContextContainer:
        return ConnectionContextContainer(self.timeline, self._file_of)
