"""The same as :mod:`pyiismod.streaming` for asyncio: nothing waits but coroutines.

    async with iis.astream("POST", "/upload", content=pieces) as response:
        async for piece in response:
            ...

What the worker sends arrives on the thread that reads its pipe, which only wakes the loop. Starting a worker, sending a
large piece and ending a worker do wait, and do so on other threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType

from pyiismod.content import Content
from pyiismod.headers import Headers
from pyiismod.streaming import Door, Way
from pyiismod.trace import Trace
from pyiismod.worker.flow import OtherSideGone
from pyiismod.worker.protocol import Fired

__all__ = ["AsyncResponseStream"]

_AT_ONCE = 32 << 10  # bytes that a pipe takes without waiting


class _Source:
    """Content that comes piece by piece, when it is there.

    Until somebody takes of it, what was sent is kept: a worker that was ending when the request came has taken nothing,
    and the next one gets it all.

    Args:
        pieces: the content.
        content: knows whether somebody has taken of it.
    """

    def __init__(self, pieces: AsyncIterable[bytes], content: Content) -> None:
        self._pieces = aiter(pieces)
        self._content = content
        self._kept: list[bytes] = []
        self._drawn: asyncio.Future[bytes | None] | None = None

    async def send(self, way: Way) -> None:
        """Send it, what was kept first; a source that fails is a client that has gone."""
        try:
            for piece in tuple(self._kept):
                await asyncio.to_thread(way.conversation.send, piece)
            while (drawn := await self._draw()) is not None:
                if self._content.is_taken:
                    self._kept = []
                else:
                    self._kept.append(drawn)
                await asyncio.to_thread(way.conversation.send, drawn)
            await asyncio.to_thread(way.conversation.send, b"")
        except OtherSideGone:
            pass
        except Exception as error:
            way.conversation.trouble = error
            way.conversation.leave()

    async def _draw(self) -> bytes | None:
        """Return the next piece that is not empty, None at the end; whoever is cancelled meanwhile loses none."""
        if self._drawn is None:
            self._drawn = asyncio.ensure_future(self._next())
        piece = await asyncio.shield(self._drawn)
        self._drawn = None
        return piece

    async def _next(self) -> bytes | None:
        async for piece in self._pieces:
            if piece:
                return piece
        return None

    def leave(self) -> None:
        """Nobody wants the rest."""
        if self._drawn is not None:
            self._drawn.cancel()


class AsyncResponseStream:
    """One response; ``async with`` sends its request, and waits for its head.

    Args:
        door: to the worker.
        source: what is sent behind the headers, when it is there; None for what the door itself has.

    Attributes:
        status, substatus, reason, headers: as of :class:`~pyiismod.Response`.
        trace, refused, connection, interim, log: the same; known when it was read to its end or has been closed.
    """

    def __init__(self, door: Door, source: AsyncIterable[bytes] | None) -> None:
        self._door = door
        self._source = None if source is None else _Source(source, door.content)
        self._news = asyncio.Event()
        self._way: Way | None = None
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
        self.log: dict[str, str | int] = {}

    @property
    def is_over(self) -> bool:
        """Whether the request has ended, and what is left of the response is here."""
        return self._fired is not None

    def __repr__(self) -> str:
        return f"<AsyncResponseStream {self.status} {self.reason}>"

    async def __aenter__(self) -> AsyncResponseStream:
        self._loop = asyncio.get_running_loop()
        try:
            while not await self._begin():
                pass
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _begin(self) -> bool:
        """Send the request; return whether it came to a worker that takes requests."""
        if self._door.is_open() and len(self._door.content.first) <= _AT_ONCE:
            self._way = way = self._door.begin(self._told)
        else:
            self._way = way = await asyncio.to_thread(self._door.begin, self._told)
        if self._source is not None:
            self._upload = asyncio.ensure_future(self._source.send(way))
        elif self._door.content.rest is not None:
            self._upload = asyncio.ensure_future(asyncio.to_thread(way.conversation.pump))
        while way.conversation.head is None and not way.call.is_settled:
            await self._wait()
        if (head := way.conversation.head) is not None:
            self.status, self.substatus, self.reason = head.status, head.substatus, head.reason
            self.headers, self.interim = Headers(head.headers), tuple(head.interim)
            return True
        await self._end()
        fired = self._fired
        if fired is None or fired.gone:
            self._fired = None
            if self._upload is not None:
                await asyncio.wait((self._upload,))  # two cannot draw from one content
            return False
        self.status, self.substatus, self.reason = fired.status, fired.substatus, fired.reason
        self.headers, self._whole = Headers(fired.headers), fired.body
        return True

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
        if self._way is not None:
            download = self._way.conversation.download
            try:
                while (piece := download.read_now()) != b"":
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
        if self._way is not None:
            if not self._way.call.is_settled:
                self._way.conversation.leave()
            await self._end()

    def _told(self) -> None:
        """There is news; on any thread."""
        if not self._news.is_set():
            self._loop.call_soon_threadsafe(self._news.set)

    async def _wait(self) -> None:
        await self._news.wait()
        self._news.clear()

    async def _end(self) -> None:
        way, self._way = self._way, None
        if way is None:
            return
        while not way.call.is_settled:
            await self._wait()
        if self._upload is not None and self._source is not None:
            self._upload.cancel()
            if not isinstance(way.call.reply, Fired) or not way.call.reply.gone:
                self._source.leave()
        quick = isinstance(way.call.reply, Fired) and not way.call.reply.recycle
        finish = self._door.finish
        if quick:
            fired = finish(way.worker, way.call.wait)
        else:
            fired = await asyncio.to_thread(finish, way.worker, way.call.wait)
        self._fired = fired
        self.trace, self.refused = Trace(fired.trace), tuple(fired.refused)
        self.connection, self.interim, self.log = fired.connection, tuple(fired.interim), fired.log
        way.conversation.check()
