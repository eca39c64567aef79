"""Frames over two binary pipes: four bytes of length, little-endian, then that many bytes of msgpack.

What arrives is only ever decoded into the types asked for; no pickle, no object hooks. The other end may be hijacked by
the module it runs: whatever it sends, the worst here is a :class:`ChannelError`. Writing is thread-safe; one thread
reads. The channel does not own its file descriptors.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

__all__ = ["MAX_FRAME", "Channel", "ChannelClosed", "ChannelError"]

MAX_FRAME = 256 << 20
"""Bytes; above any request or response that fits in a worker, below what would harm us."""

_LEAST, _PIECE = 16 << 10, 1 << 20  # of one read: a frame and its length come together mostly
_T = TypeVar("_T")


class ChannelError(Exception):
    """What arrived is no frame or no message of the expected kind."""


class ChannelClosed(ChannelError):
    """The other end closed the pipe between two frames."""


class Channel(Generic[_T]):
    """Two file descriptors that carry messages.

    Args:
        reading: where frames come from.
        writing: where frames go.
        kind: the union of structs that may arrive.
        wait: called before each read: waits until there is something to read, or raises ChannelClosed.
        announce: called before each message is written, with the number of messages so far.

    Attributes:
        received: messages so far.
    """

    def __init__(
        self,
        reading: int,
        writing: int,
        kind: object,
        wait: Callable[[], None] | None = None,
        announce: Callable[[int], None] | None = None,
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._wait = wait
        self._announce = announce
        self._sent = 0
        self.received = 0
        self._lock = allocate_lock()
        self._came: bytes | bytearray = b""  # and was not taken yet
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[_T] = msgspec.msgpack.Decoder(kind)

    @property
    def has_rest(self) -> bool:
        """Whether something was read that was not received yet."""
        return bool(self._came)

    def send(self, message: object) -> None:
        """Write one message; blocks while the pipe is full.

        Raises:
            ChannelError: the message is larger than :data:`MAX_FRAME`.
            OSError: nobody reads the pipe any more.
        """
        body = self._encode(message)
        if len(body) > MAX_FRAME:
            raise ChannelError(f"a message of {len(body)} bytes is over the limit of {MAX_FRAME}")
        data = memoryview(len(body).to_bytes(4, "little") + body)
        with self._lock:
            self._sent += 1
            if self._announce is not None:
                self._announce(self._sent)
            while data:
                data = data[os.write(self._writing, data) :]

    def receive(self) -> _T:
        """Wait for one message.

        Raises:
            ChannelClosed: the pipe was closed instead.
            ChannelError: the length is over the limit, the pipe ended inside a frame, or it is no expected message.
            OSError: the pipe cannot be read.
        """
        size = int.from_bytes(self._fill(4)[:4], "little")
        if size > MAX_FRAME:
            head = bytes(self._came[:4]).hex()
            raise ChannelError(f"a frame claims {size} bytes (first bytes: {head}); is it a frame at all?")
        end = 4 + size
        came = self._fill(end)
        self._came = came[end:]
        self.received += 1
        try:
            return self._decoder.decode(memoryview(came)[4:end])
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise ChannelError(f"a frame of {size} bytes is no message: {error}") from None

    def _fill(self, size: int) -> bytes | bytearray:
        """Read until ``size`` bytes of the frame have come, or more: what follows is kept."""
        came = self._came
        while len(came) < size:
            if self._wait is not None:
                self._wait()
            piece = os.read(self._reading, min(max(size - len(came), _LEAST), _PIECE))
            if not piece:
                if not came:
                    raise ChannelClosed("the pipe was closed")
                raise ChannelError(f"the pipe ended after {len(came)} of {size} bytes")
            if not came:
                came = piece
            elif isinstance(came, bytearray):
                came += piece
            else:
                came = bytearray(came) + piece
            self._came = came
        return came
