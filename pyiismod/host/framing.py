"""A body that a module frames itself: the client takes the chunks apart (RFC 9112, section 7.1), and so do we."""

from __future__ import annotations

from pyiismod.host.headers import LONGEST

_SIZE, _DATA, _BEHIND, _TRAILERS, _OVER = range(5)
_WHAT_COMES = ("the size of a chunk", "", "CR LF behind a chunk", "a trailer", "")
_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class Dechunker:
    """Takes the framing off, piece by piece. What is wrong ends the body: no client would take more.

    Attributes:
        trouble: what is wrong; empty as long as nothing is.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self._state = _SIZE
        self._left = 0
        self._line = bytearray()

    def feed(self, data: bytes | memoryview) -> bytes:
        """Return what the next piece has for the client."""
        view, out = memoryview(data), bytearray()
        while view and not self.trouble:
            if self._state == _DATA:
                out += view[: self._left]
                taken = min(len(view), self._left)
                self._left -= taken
                view = view[taken:]
                self._state = _DATA if self._left else _BEHIND
            else:
                view = self._take_line(view)
        return bytes(out)

    def end(self) -> str:
        """The body is over: return what is wrong with its framing, or nothing."""
        if not self.trouble and self._state != _OVER:
            self.trouble = "it ends without a last chunk (0 CR LF CR LF): the client waits for more"
        return self.trouble

    def _take_line(self, view: memoryview) -> memoryview:
        if self._state == _OVER:
            self.trouble = "something follows the last chunk"
            return view
        data = bytes(view)
        size = data.find(b"\n") + 1 or len(data)
        self._line += data[:size]
        if self._line.endswith(b"\n"):
            line, self._line = bytes(self._line), bytearray()
            if line.endswith(b"\r\n"):
                self._act(line[:-2])
            else:
                self._wrong(line)
        elif len(self._line) > LONGEST or (self._state != _TRAILERS and not self._could_be()):
            self._wrong(bytes(self._line))
        return view[size:]

    def _could_be(self) -> bool:
        """Whether an unfinished line may become what has to come."""
        line = bytes(self._line)
        return b"\r\n".startswith(line) if self._state == _BEHIND else line[0] in _DIGITS

    def _act(self, line: bytes) -> None:
        if self._state == _SIZE:
            digits = line.partition(b";")[0].strip(b" \t")
            if not digits or len(digits) > 16 or not _DIGITS.issuperset(digits):
                self._wrong(line)
                return
            self._left = int(digits, 16)
            self._state = _DATA if self._left else _TRAILERS
        elif self._state == _BEHIND:
            if line:
                self._wrong(line)
            self._state = _SIZE
        elif not line:
            self._state = _OVER

    def _wrong(self, line: bytes) -> None:
        shown = line[:40].decode("latin-1")
        self.trouble = f"{shown!r} stands where {_WHAT_COMES[self._state]} has to come"
