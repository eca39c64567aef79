"""A response that is taken while it is made, and never held as a whole.

    with iis.stream("GET", "/big.iso") as response:
        for piece in response:
            out.write(piece)

A reader that is slow makes the module wait, as a slow client does. One that leaves before the end is a client that has
gone: what the module still writes fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple

from pyiismod.content import Content
from pyiismod.conversation import Conversation
from pyiismod.headers import Headers
from pyiismod.trace import Trace
from pyiismod.worker.call import Call
from pyiismod.worker.flow import OtherSideGone
from pyiismod.worker.protocol import Fired, Reply

__all__ = ["Door", "ResponseStream", "Way"]


class Way(NamedTuple):
    """One attempt at a request: our side of it, the call, and the worker that it went to."""

    conversation: Conversation
    call: Call
    worker: Any


class Door(NamedTuple):
    """How a stream reaches a worker.

    Attributes:
        content: what is sent with the headers, and after them.
        is_open: whether there is a worker, so that ``begin`` need not wait for one to start.
        begin: sends the request; told whom to tell of news. Again when the worker was ending when it came.
        finish: takes the reply that a call waits for; its errors are the module's.
    """

    content: Content
    is_open: Callable[[], bool]
    begin: Callable[[Callable[[], None] | None], Way]
    finish: Callable[[Any, Callable[[], Reply]], Fired]


class ResponseStream:
    """One response; ``with`` sends its request, and waits for its head.

    Args:
        door: to the worker.

    Attributes:
        status, substatus, reason, headers: as of :class:`~pyiismod.Response`.
        trace, refused, connection, interim, log: the same; known when it was read to its end or has been closed.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._way: Way | None = None
        self._fired: Fired | None = None
        self._whole = b""
        self.status = self.substatus = 0
        self.reason = ""
        self.headers = Headers()
        self.trace = Trace(())
        self.refused: tuple[str, ...] = ()
        self.connection = ""
        self.interim: tuple[int, ...] = ()
        self.log: dict[str, str | int] = {}

    def __repr__(self) -> str:
        return f"<ResponseStream {self.status} {self.reason}>"

    def __enter__(self) -> ResponseStream:
        while not self._begin():
            pass
        return self

    def _begin(self) -> bool:
        """Send the request; return whether it came to a worker that takes requests."""
        self._way = self._door.begin(None)
        conversation = self._way.conversation
        upload = Thread(target=conversation.pump, name="pyiismod-upload", daemon=True)
        if self._door.content.rest is not None:
            upload.start()
        conversation.wait_for_head()
        if (head := conversation.head) is not None:
            self.status, self.substatus, self.reason = head.status, head.substatus, head.reason
            self.headers, self.interim = Headers(head.headers), tuple(head.interim)
            return True
        self._end()
        if self._fired is not None and self._fired.gone:
            self._fired = None
            if self._door.content.rest is not None:
                upload.join()  # two threads cannot draw from one content
            return False
        self._take_whole()
        return True

    def _take_whole(self) -> None:
        if (fired := self._fired) is not None:
            self.status, self.substatus, self.reason = fired.status, fired.substatus, fired.reason
            self.headers, self._whole = Headers(fired.headers), fired.body

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            ModuleError: a module crashed, hung or ended the process before the end.
        """
        whole, self._whole = self._whole, b""
        if whole:
            yield whole
        if self._way is not None and self._fired is None:
            try:
                while piece := self._way.conversation.download.read():
                    yield piece
            except OtherSideGone:
                pass
        self._end()

    def read(self) -> bytes:
        """Return the rest of the body.

        Raises:
            ModuleError: a module crashed, hung or ended the process before the end.
        """
        return b"".join(self)

    def close(self) -> None:
        """Go away if the response is not complete, and wait for the end of the request. Idempotent.

        Raises:
            ModuleError: a module crashed, hung or ended the process.
        """
        if self._fired is None and self._way is not None:
            if not self._way.conversation.download.ended:
                self._way.conversation.download.leave()
            self._end()

    def _end(self) -> None:
        way, self._way = self._way, None
        if way is None:
            return
        self._fired = fired = self._door.finish(way.worker, way.call.wait)
        self.trace, self.refused = Trace(fired.trace), tuple(fired.refused)
        self.connection, self.interim, self.log = fired.connection, tuple(fired.interim), fired.log
        way.conversation.check()
