"""What a request carries: bytes, text, a file, or anything that yields bytes; the last two never as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from pyiismod.errors import UsageError
from pyiismod.worker.flow import PIECE

__all__ = ["Content", "ContentTypes"]

ContentTypes = bytes | bytearray | memoryview | str | Iterable[bytes]
"""Text is sent as UTF-8. A file is one opened for reading bytes."""

_LARGEST_AT_ONCE = 4 << 20


class Content:
    """The entity body of one request.

    Args:
        content: where it comes from; None for no body.

    Attributes:
        first: what is sent with the headers.
        rest: what follows, piece by piece; None when ``first`` is all of it.
        size: bytes, or None when only the end will tell.

    Raises:
        UsageError: it is nothing that can be sent.
    """

    def __init__(self, content: ContentTypes | None) -> None:
        self._is_taken = False
        self._kept: list[bytes | memoryview] = []
        self.first = b""
        self.rest: Iterator[bytes | memoryview] | None = None
        self.size: int | None = None
        if isinstance(content, str):
            content = encoded(content, "The content")
        if isinstance(content, (bytes, bytearray, memoryview)):
            self._take(memoryview(content).cast("B"))
        elif hasattr(content, "read"):
            self._take_file(content)
        elif content is not None:
            self._take_pieces(content)

    @classmethod
    def flowing(cls) -> Content:
        """Return content whose pieces somebody else sends, when they are there."""
        content = cls(None)
        content.rest = iter(())
        return content

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield what follows; until somebody has taken of it, all of it anew each time."""
        kept, self._kept = self._kept, []
        for piece in chain(kept, self.rest or ()):
            if self._is_taken:
                self._kept = []
            else:
                self._kept.append(piece)
            yield piece

    def taken(self) -> None:
        """Somebody has taken of it: what has been sent is used up, and need not be kept."""
        self._is_taken = True

    def _take(self, data: memoryview) -> None:
        self.size = len(data)
        if len(data) <= _LARGEST_AT_ONCE:
            self.first = bytes(data)
        else:
            self.first = bytes(data[:PIECE])
            self.rest = (data[start : start + PIECE] for start in range(PIECE, len(data), PIECE))

    def _take_file(self, file: Any) -> None:
        if hasattr(file, "seekable") and file.seekable():
            start = file.tell()
            self.size = max(0, file.seek(0, 2) - start)
            file.seek(start)
        self.rest = map(_checked, iter(lambda: file.read(PIECE), b""))
        self.first = bytes(next(self.rest, b""))

    def _take_pieces(self, pieces: Iterable[bytes]) -> None:
        try:
            self.rest = (piece for piece in map(_checked, pieces) if piece)
        except TypeError:
            raise UsageError(
                f"The content is {type(pieces).__name__}, which is neither bytes nor yields any."
            ) from None
        self.first = bytes(next(self.rest, b""))


def encoded(text: str, what: str) -> bytes:
    """Return text as UTF-8; a byte that Python could not decode, as in a command line, is that byte again.

    Raises:
        UsageError: it has a lone surrogate.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        bad = ascii(text[error.start : error.start + 1])
        raise UsageError(f"{what} has a lone surrogate in it ({bad}), which is no character.") from None


def _checked(piece: Any) -> bytes | memoryview:
    if not isinstance(piece, (bytes, bytearray, memoryview)):
        raise UsageError(f"The content yields {type(piece).__name__}; it has to yield bytes.")
    return piece if isinstance(piece, bytes) else memoryview(piece).cast("B")
