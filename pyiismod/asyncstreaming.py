"""The same as :mod:`pyiismod.streaming` for asyncio: nothing waits but coroutines.

    async with iis.astream("POST", "/upload", content=pieces) as response:
        async for piece in response:
            ...

What the worker sends arrives on the thread that reads its pipe, which only wakes the loop. Starting a worker, sending a
large piece and ending a worker do wait, and do so on other threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from types import TracebackType
from typing import NamedTuple

from pyiismod.content import Content
from pyiismod.conversation import Conversation
from pyiismod.headers import Headers
from pyiismod.trace import Trace
from pyiismod.worker.call import Call
from pyiismod.worker.flow import OtherSideGone
from pyiismod.worker.protocol import Fired, Reply

__all__ = ["AsyncResponseStream", "Door"]

_AT_ONCE = 32 << 10  # bytes that a pipe takes without waiting


class Door(NamedTuple):
    """How a stream reaches the worker.

    Attributes:
        is_open: whether there is a worker, so that ``begin`` need not wait for one to start.
        begin: sends the request of a conversation.
        finish: takes the reply that a call waits for; its errors are the module's.
    """

    is_open: Callable[[], bool]
    begin: Callable[[Conversation], Call]
    finish: Callable[[Callable[[], Reply]], Fired]


class AsyncResponseStream:
    """One response; ``async with`` sends its request, and waits for its head.

    Args:
        content: what is sent with the headers, and after them by threads.
        source: what is sent after that, when it is there; None for no more.
        converse: makes the conversation, given whom to tell of news.
        door: to the worker.

    Attributes:
        status, substatus, reason, headers: as of :class:`~pyiismod.Response`.
        trace, refused, connection, interim: the same; known when the response was read to its end or has been closed.
    """

    def __init__(
        self,
        content: Content,
        source: AsyncIterable[bytes] | None,
        converse: Callable[[Callable[[], None]], Conversation],
        door: Door,
    ) -> None:
        self._content = content
        self._source = source
        self._conversation = converse(self._told)
        self._door = door
        self._news = asyncio.Event()
        self._call: Call | None = None
        self._fired: Fired | None = None
        self._whole = b""
        self._upload: asyncio.Future[None] | None = None
        self.status = self.substatus = 0
        self.reason = ""
        self.headers = Headers()
        self.trace = Trace(())
        self.refused: tuple[str, ...] = ()
        self.connection = ""
        self.interim: tuple[int, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the request has ended, and what is left of the response is here."""
        return self._fired is not None

    def __repr__(self) -> str:
        return f"<AsyncResponseStream {self.status} {self.reason}>"

    async def __aenter__(self) -> AsyncResponseStream:
        self._loop = asyncio.get_running_loop()
        if self._door.is_open() and len(self._content.first) <= _AT_ONCE:
            self._call = self._door.begin(self._conversation)
        else:
            self._call = await asyncio.to_thread(self._door.begin, self._conversation)
        if self._source is not None:
            self._upload = asyncio.ensure_future(self._send(self._source))
        elif self._content.rest is not None:
            self._upload = asyncio.ensure_future(asyncio.to_thread(self._conversation.pump))
        try:
            while self._conversation.head is None and not self._call.is_settled:
                await self._wait()
            if (head := self._conversation.head) is not None:
                self.status, self.substatus, self.reason = head.status, head.substatus, head.reason
                self.headers, self.interim = Headers(head.headers), tuple(head.interim)
            else:
                self._take_whole(await self._end())
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            ModuleError: a module crashed, hung or ended the process before the end.
        """
        whole, self._whole = self._whole, b""
        if whole:
            yield whole
        try:
            while self._fired is None and (piece := self._conversation.download.read_now()) != b"":
                if piece is None:
                    await self._wait()
                else:
                    yield piece
        except OtherSideGone:
            pass
        await self._end()

    async def aread(self) -> bytes:
        """Return the rest of the body.

        Raises:
            ModuleError: a module crashed, hung or ended the process before the end.
        """
        return b"".join([piece async for piece in self])

    async def aclose(self) -> None:
        """Go away if the response is not complete, and wait for the end of the request. Idempotent.

        Raises:
            ModuleError: a module crashed, hung or ended the process.
        """
        if self._fired is None and self._call is not None:
            if not self._call.is_settled:
                self._conversation.leave()
            await self._end()

    def _told(self) -> None:
        """There is news; on any thread."""
        if not self._news.is_set():
            self._loop.call_soon_threadsafe(self._news.set)

    async def _wait(self) -> None:
        await self._news.wait()
        self._news.clear()

    async def _send(self, source: AsyncIterable[bytes]) -> None:
        """Send what the source has, piece by piece; a source that fails is a client that has gone."""
        try:
            async for piece in source:
                if piece:
                    await asyncio.to_thread(self._conversation.send, piece)
            await asyncio.to_thread(self._conversation.send, b"")
        except OtherSideGone:
            pass
        except BaseException as error:
            self._conversation.trouble = error
            self._conversation.leave()
            if not isinstance(error, Exception):
                raise

    def _take_whole(self, fired: Fired | None) -> None:
        if fired is not None:
            self.status, self.substatus, self.reason = fired.status, fired.substatus, fired.reason
            self.headers, self._whole = Headers(fired.headers), fired.body

    async def _end(self) -> Fired | None:
        call, self._call = self._call, None
        if call is None:
            return self._fired
        while not call.is_settled:
            await self._wait()
        if self._upload is not None and not self._upload.done() and self._source is not None:
            self._upload.cancel()
        quick = isinstance(call.reply, Fired) and not call.reply.recycle
        finish = self._door.finish
        self._fired = fired = finish(call.wait) if quick else await asyncio.to_thread(finish, call.wait)
        self.trace, self.refused = Trace(fired.trace), tuple(fired.refused)
        self.connection, self.interim = fired.connection, tuple(fired.interim)
        self._conversation.check()
        return fired
