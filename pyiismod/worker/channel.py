"""Frames over two binary pipes: four bytes of length, little-endian, then that many bytes of msgpack.

What arrives is only ever decoded into the types asked for; no pickle, no object hooks. The other end may be hijacked by
the module it runs: whatever it sends, the worst here is a :class:`ChannelError`. Writing is thread-safe; one thread
reads. The channel does not own its file descriptors.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import Generic, TypeVar

import msgspec

__all__ = ["MAX_FRAME", "Channel", "ChannelClosed", "ChannelError"]

MAX_FRAME = 256 << 20
"""Bytes; above any request or response that fits in a worker, below what would harm us."""

_PIECE = 1 << 20
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
    """

    def __init__(self, reading: int, writing: int, kind: object) -> None:
        self._reading = reading
        self._writing = writing
        self._lock = allocate_lock()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[_T] = msgspec.msgpack.Decoder(kind)

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
            while data:
                data = data[os.write(self._writing, data) :]

    def receive(self) -> _T:
        """Wait for one message.

        Raises:
            ChannelClosed: the pipe was closed instead.
            ChannelError: the length is over the limit, the pipe ended inside a frame, or it is no expected message.
            OSError: the pipe cannot be read.
        """
        head = self._read(4, between_frames=True)
        size = int.from_bytes(head, "little")
        if size > MAX_FRAME:
            raise ChannelError(f"a frame claims {size} bytes (first bytes: {bytes(head).hex()}); is it a frame at all?")
        body = self._read(size)
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise ChannelError(f"a frame of {size} bytes is no message: {error}") from None

    def _read(self, size: int, *, between_frames: bool = False) -> bytes | bytearray:
        data: bytes | bytearray = os.read(self._reading, min(size, _PIECE)) if size else b""
        if len(data) == size:
            return data
        if not data and between_frames:
            raise ChannelClosed("the pipe was closed")
        data = bytearray(data)
        while len(data) < size:
            piece = os.read(self._reading, min(size - len(data), _PIECE))
            if not piece:
                raise ChannelError(f"the pipe ended after {len(data)} of {size} bytes")
            data += piece
        return data
