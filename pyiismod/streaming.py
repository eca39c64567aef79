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

from pyiismod.conversation import Conversation
from pyiismod.headers import Headers
from pyiismod.trace import Trace
from pyiismod.worker.call import Call
from pyiismod.worker.flow import OtherSideGone
from pyiismod.worker.protocol import Fired, Reply

__all__ = ["ResponseStream"]


Finish = Callable[[Callable[[], Reply]], Fired]
"""Waits for the end of a request with what it is given; its errors are the module's."""


class ResponseStream:
    """One response; ``with`` sends its request, and waits for its head.

    Args:
        begin: sends the request; returns our side of it, its call, and what waits for its end. It does so anew when the
            process that got it was ending.

    Attributes:
        status, substatus, reason, headers: as of :class:`~pyiismod.Response`.
        trace, refused, connection, interim, log: the same; known when it was read to its end or has been closed.
    """

    _conversation: Conversation
    _finish: Finish

    def __init__(self, begin: Callable[[], tuple[Conversation, Call, Finish]]) -> None:
        self._begin = begin
        self._call: Call | None = None
        self._fired: Fired | None = None
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
        while not self._is_taken():
            pass
        if (head := self._conversation.head) is not None:
            self.status, self.substatus, self.reason = head.status, head.substatus, head.reason
            self.headers, self.interim = Headers(head.headers), tuple(head.interim)
        return self

    def _is_taken(self) -> bool:
        """Send the request and wait for its head; return whether the process that got it takes requests."""
        self._conversation, self._call, self._finish = self._begin()
        upload = Thread(target=self._conversation.pump, name="pyiismod-upload", daemon=True)
        upload.start()
        self._conversation.wait_for_head()
        if self._conversation.head is None:
            self._end()
        if self._fired is None or not self._fired.gone:
            return True
        self._fired = None
        upload.join()  # two threads cannot draw from one content
        return False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            ModuleError: a module crashed, hung or ended the process before the end.
        """
        try:
            while piece := self._conversation.download.read():
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
        if self._fired is None and self._call is not None:
            if not self._conversation.download.ended:
                self._conversation.download.leave()
            self._end()

    def _end(self) -> None:
        call = self._call
        if call is None or self._fired is not None:
            return
        self._call = None
        self._fired = fired = self._finish(call.wait)
        self.trace, self.refused = Trace(fired.trace), tuple(fired.refused)
        self.connection, self.interim, self.log = fired.connection, tuple(fired.interim), fired.log
        self._conversation.check()
