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

from pyiismod.errors import WorkerError
from pyiismod.headers import Headers
from pyiismod.streaming import Door, Way
from pyiismod.trace import Trace
from pyiismod.worker.flow import OtherSideGone
from pyiismod.worker.protocol import Fired

__all__ = ["AsyncResponseStream"]

_AT_ONCE = 32 << 10  # bytes that a pipe takes without waiting


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
        self._source = source
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
            self._upload = asyncio.ensure_future(self._send(way, self._source))
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
            await self._repeat()
            return False
        self.status, self.substatus, self.reason = fired.status, fired.substatus, fired.reason
        self.headers, self._whole = Headers(fired.headers), fired.body
        return True

    async def _repeat(self) -> None:
        """Make sure that the content can be sent again.

        Raises:
            WorkerError: it comes from a source, which is used up.
        """
        if self._source is not None:
            raise WorkerError("the process was ending when the request came, and its content is used up")
        if self._upload is not None:
            await self._upload  # two threads cannot draw from one content

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

    async def _send(self, way: Way, source: AsyncIterable[bytes]) -> None:
        """Send what the source has, piece by piece; a source that fails is a client that has gone."""
        try:
            async for piece in source:
                if piece:
                    await asyncio.to_thread(way.conversation.send, piece)
            await asyncio.to_thread(way.conversation.send, b"")
        except OtherSideGone:
            pass
        except BaseException as error:
            way.conversation.trouble = error
            way.conversation.leave()
            if not isinstance(error, Exception):
                raise

    async def _end(self) -> None:
        way, self._way = self._way, None
        if way is None:
            return
        while not way.call.is_settled:
            await self._wait()
        if self._upload is not None and self._source is not None:
            self._upload.cancel()
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
