"""The worker's ends of the bodies that flow: one :class:`Visitor` for each request that streams or may ask our side.

It is made by the thread that reads commands, before it reads the next one: so nothing that arrives can be too early.
What arrives for a request that is over is dropped; the other side may not have known yet.
"""

from __future__ import annotations

from _queue import SimpleQueue
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from pyiismod.host import outside
from pyiismod.host.incoming import ClientGone, GivenUp, Outgoing, Wanted, always
from pyiismod.worker.flow import Inflow, Interrupted, OtherSideGone, Outflow, Send
from pyiismod.worker.protocol import (
    FIRST_ASKED,
    REQUEST_BODY,
    RESPONSE_BODY,
    Answered,
    Asked,
    Begun,
    Credit,
    Fire,
    Gone,
    Part,
)

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

__all__ = ["Streams", "Visitor"]

_Message = Part | Credit | Gone | Answered


class Streams:
    """The visitors of one process, by command."""

    def __init__(self) -> None:
        self._visitors: dict[int, Visitor] = {}

    def expect(self, command: Fire, send: Send) -> None:
        """Be ready for what belongs to a request."""
        self._visitors[command.id] = Visitor(command, send)

    def of(self, number: int) -> Visitor | None:
        """Return the visitor of a command."""
        return self._visitors.get(number)

    def deliver(self, message: Any) -> None:
        """Take a :class:`Part`, :class:`Credit`, :class:`Gone` or :class:`Answered`; never waits."""
        visitor = self._visitors.get(message.id)
        if visitor is not None:
            visitor.deliver(message)

    def end(self, number: int) -> None:
        """That request is over."""
        if (visitor := self._visitors.pop(number, None)) is not None:
            visitor.leave()


class Visitor:
    """The client of one request, which is on our side, and so is the handler behind the modules.

    Args:
        command: the request.
        send: takes messages to our side.

    Attributes:
        whole: the body of a response that is small and complete: it goes with the reply, and nothing flows.
    """

    def __init__(self, command: Fire, send: Send) -> None:
        self._number = command.id
        self.left: Callable[[], None] | None = None
        self._send = send
        self._upload = Inflow(send, command.id, REQUEST_BODY)
        self._download = Outflow(send, command.id, RESPONSE_BODY)
        self.whole: list[bytes] | None = None
        self._questions: dict[int, SimpleQueue[_Message]] = {}
        self._next_flow = count(FIRST_ASKED, 2)

    def deliver(self, message: _Message) -> None:
        """Take a message from our side; never waits."""
        if message.flow == REQUEST_BODY and not isinstance(message, Answered):
            self._upload.deliver(message)
        elif message.flow == RESPONSE_BODY and not isinstance(message, Answered):
            self._download.deliver(message)
            if isinstance(message, Gone) and self.left is not None:
                self.left()
        elif (question := self._questions.get(message.flow & ~1)) is not None:
            question.put(message)

    # --- for the host: what the client still sends, and who takes the answer

    def read(self, is_wanted: Wanted = always) -> bytes:
        """Wait for the next piece of the request's body.

        Raises:
            ClientGone: there will be none.
            GivenUp: it is not wanted any more.
        """
        try:
            return self._upload.read(is_wanted)
        except OtherSideGone:
            raise ClientGone from None
        except Interrupted:
            raise GivenUp from None

    def wake(self) -> None:
        """Have whoever waits for the client ask whether that is still wanted."""
        self._upload.wake()
        self._download.wake()

    def leave(self) -> None:
        """The request is over: nobody waits for anything of it any more."""
        self._upload.cut()
        self._download.cut()

    def begin(self, answer: Outgoing) -> None:
        """Send the head of the response, unless all of it can go with the reply."""
        if answer.is_whole:
            self.whole = []
            return
        head = (answer.status, answer.substatus, answer.reason, answer.headers, answer.interim)
        self._send(Begun(self._number, *head))

    def receive(self, data: memoryview, is_wanted: Wanted = always) -> bool:
        """Send a piece of the response's body; return whether the client still wants it.

        Raises:
            GivenUp: whoever sends it does not want that any more.
        """
        if self.whole is not None:
            self.whole.append(bytes(data))
            return True
        try:
            self._download.write(data, is_wanted)
        except OtherSideGone:
            return False
        except Interrupted:
            raise GivenUp from None
        return True

    def end(self) -> None:
        """The response is complete."""
        if self.whole is None:
            self._download.end()

    # --- the handler on our side

    def ask(self, exchange: Exchange) -> None:
        """Have our side's handler answer a request that no module has handled, and wait until it has."""
        flow = next(self._next_flow)
        question = self._questions[flow] = SimpleQueue[_Message]()
        request, incoming = exchange.request, exchange.incoming
        self._send(
            Asked(
                self._number,
                flow,
                request.method.decode("latin-1"),
                request.url.scheme,
                request.url.authority,
                request.url.target,
                request.url.path,
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.items()],
                incoming.remote,
                incoming.local,
                incoming.version,
            )
        )
        while self._act(exchange, flow, question.get()):
            pass
        del self._questions[flow]

    def _act(self, exchange: Exchange, flow: int, message: _Message) -> bool:
        """Do what our side's handler says; return whether it has more to say."""
        match message:
            case Credit():
                self._send(Part(self._number, flow, self._piece(exchange, message.size)))
            case Answered():
                outside.answer(exchange, message.status, message.reason, message.headers)
            case Part(data=b""):
                return False
            case Part():
                if outside.write(exchange, message.data):
                    self._send(Credit(self._number, flow + 1, len(message.data)))
                else:
                    self._send(Gone(self._number, flow + 1))
            case Gone():
                return False
        return True

    def _piece(self, exchange: Exchange, size: int) -> bytes:
        """Return a piece of the request's body for the handler; b"" at its end, or when the client has gone."""
        try:
            return outside.read(exchange, size)
        except ClientGone:
            exchange.lose_client()
            return b""
