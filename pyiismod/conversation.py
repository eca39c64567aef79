"""Our side of a request whose bodies flow: it sends the content, takes the response, and lends the worker a handler.

What arrives comes on the thread that reads the worker's pipe, which must never wait: everything is put into a queue.
Whatever runs the user's own code (an iterator of content, a handler) runs on a thread that may wait: the caller's, or
one made for it. Its errors are the caller's: the worker sees a client that has gone, or a 500.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

from pyiismod.content import Content
from pyiismod.worker.flow import PIECE, Inflow, OtherSideGone, Outflow
from pyiismod.worker.protocol import REQUEST_BODY, RESPONSE_BODY, Answered, Asked, Begun, Credit, Gone, Part

__all__ = ["Answer", "Conversation", "Handler"]

Handler = Callable[["Answer"], None]
"""Answers one :class:`Answer`; what it raises is the caller's."""


class Conversation:
    """One request.

    Args:
        content: its body.
        handler: answers what no module has.
        changed: called, on any thread, when the response has begun, a piece of it has come, or all is over.
    """

    def __init__(
        self, content: Content, handler: Handler | None = None, changed: Callable[[], None] | None = None
    ) -> None:
        self._content = content
        self._handler = handler
        self._changed = changed
        self._answers: dict[int, Answer] = {}
        self._arrived = Event()
        self.head: Begun | None = None
        self.trouble: BaseException | None = None
        """What the user's own code raised."""

    # --- for the client of the worker

    def opened(self, number: int, send: Callable[[object], None]) -> None:
        """The request has its number."""
        self._send = send
        self._upload = Outflow(send, number, REQUEST_BODY)
        self.download = Inflow(send, number, RESPONSE_BODY)

    def deliver(self, message: Begun | Asked | Part | Credit | Gone) -> None:
        """Take a message from the worker; never waits."""
        if not isinstance(message, Gone):
            self._content.taken()
        if isinstance(message, Begun):
            self.head = message
            self._arrived.set()
            self._tell()
        elif isinstance(message, Asked):
            answer = self._answers[message.flow] = Answer(message, self._send)
            Thread(target=self._answer, args=(answer,), name="pyiismod-handler", daemon=True).start()
        elif message.flow == REQUEST_BODY:
            self._upload.deliver(message)
        elif message.flow == RESPONSE_BODY:
            self.download.deliver(message)
            self._tell()
        elif (asked := self._answers.get(message.flow & ~1)) is not None:
            asked.deliver(message)

    def settled(self) -> None:
        """The reply is there, or will never come."""
        self._upload.cut()
        self.download.cut()
        for answer in list(self._answers.values()):
            answer.cut()
        self._arrived.set()
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed()

    @property
    def is_awaited(self) -> bool:
        """Whether the worker could be waiting for our side."""
        is_sending = self._content.rest is not None and self._upload.is_starving
        return is_sending or self.download.is_full or any(answer.is_open for answer in list(self._answers.values()))

    # --- for the caller

    def check(self) -> None:
        """Raise what the user's own code has raised, if it has."""
        if self.trouble is not None:
            raise self.trouble

    def wait_for_head(self) -> None:
        """Wait until the response has begun, or the request is over."""
        self._arrived.wait()

    def pump(self) -> None:
        """Send the content; return when all is sent, or nobody wants it any more."""
        if self._content.rest is None:
            return
        try:
            for piece in self._content.pieces():
                self.send(piece)
            self.send(b"")
        except OtherSideGone:
            pass
        except BaseException as error:
            self.trouble = error
            self._upload.leave()

    def send(self, piece: bytes | memoryview) -> None:
        """Send a piece of the content; an empty one is its end. Wait while there is no room.

        Raises:
            OtherSideGone: nobody wants it any more.
        """
        if piece:
            self._upload.write(piece)
        else:
            self._upload.end()

    def leave(self) -> None:
        """The client goes away: neither will the rest of the content come, nor will the response be read."""
        if self._content.rest is not None:
            self._upload.leave()
        if not self.download.ended:
            self.download.leave()

    def _answer(self, answer: Answer) -> None:
        try:
            if self._handler is not None:
                self._handler(answer)
            answer.end()
        except OtherSideGone:
            answer.end()
        except BaseException as error:
            self.trouble = error
            answer.break_off()


class Answer:
    """One question of the worker, and what our side's handler says to it.

    Args:
        asked: the question.
        send: takes messages to the worker.

    Attributes:
        request: what is asked for.
        is_open: until the handler has finished.
    """

    def __init__(self, asked: Asked, send: Callable[[object], None]) -> None:
        self.request = asked
        self.is_open = True
        self.has_begun = False
        self._send = send
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        self._has_all = False
        self._body = Outflow(send, asked.id, asked.flow + 1)

    def read(self) -> bytes:
        """Ask for the next piece of the request's body and wait for it; b"" at the end.

        Raises:
            OtherSideGone: the request is over.
        """
        if self._has_all:
            return b""
        self._send(Credit(self.request.id, self.request.flow, PIECE))
        piece = self._pieces.get()
        if piece is None:
            raise OtherSideGone
        self._has_all = not piece
        return piece

    def begin(self, status: int, reason: str, headers: list[tuple[str, str]]) -> None:
        """Set the status and the headers."""
        self.has_begun = True
        self._send(Answered(self.request.id, self.request.flow, status, reason, headers))

    def write(self, data: bytes) -> None:
        """Add to the body; wait while there is no room.

        Raises:
            OtherSideGone: the client has gone, or the request is over.
        """
        self._body.write(data)

    def end(self) -> None:
        """This was all."""
        self.is_open = False
        self._body.end()

    def break_off(self) -> None:
        """The handler has failed: a 500, unless it has begun."""
        if not self.has_begun:
            self.begin(500, "", [])
        self.end()

    def deliver(self, message: Part | Credit | Gone) -> None:
        """Take a message from the worker; never waits."""
        if message.flow != self.request.flow:
            self._body.deliver(message)
        elif isinstance(message, Part):
            self._pieces.put(message.data)

    def cut(self) -> None:
        """The request is over."""
        self._pieces.put(None)
        self._body.cut()
