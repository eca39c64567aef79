"""What the worker and its modules print: kept up to a limit, the oldest dropped first."""

from __future__ import annotations

from collections import deque
from threading import Lock

__all__ = ["Output"]

LIMIT = 1 << 20
"""Bytes kept; more than comes in one piece."""


class Output:
    """A bounded, thread-safe collection of bytes that are UTF-8 text, or nearly."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._total = self._taken = 0

    def add(self, piece: bytes) -> None:
        """Append bytes."""
        with self._lock:
            self._pieces.append(piece)
            self._size += len(piece)
            self._total += len(piece)
            while self._size > self._limit:
                self._size -= len(self._pieces.popleft())

    @property
    def total(self) -> int:
        """Bytes ever added."""
        return self._total

    def text(self, since: int = 0) -> str:
        """Return what was added after the first ``since`` bytes (of :attr:`total`), as far as it is kept."""
        with self._lock:
            return self._text(since)

    def _text(self, since: int) -> str:
        kept = b"".join(self._pieces)
        start = self._total - len(kept)
        since = max(since, self._taken)
        lost = max(0, start - since)
        note = f"[{lost} bytes left out]\n" if lost else ""
        return note + kept[max(0, since - start) :].decode("utf-8", "replace").replace("\r\n", "\n")

    def take(self) -> str:
        """Return what :meth:`text` does, and forget it: nobody gets it twice."""
        with self._lock:
            text = self._text(0)
            self._pieces.clear()
            self._size, self._taken = 0, self._total
        return text
