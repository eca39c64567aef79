"""The headers of one HTTP_REQUEST or HTTP_RESPONSE. The native struct is the state; this is a view of it.

Known headers sit in an array by ``HTTP_HEADER_ID``, all others in a list that may repeat names. A response keeps
Server, Set-Cookie and WWW-Authenticate in that list although they have an id (fact sheet 5.3): each value of theirs
is a line of its own, because joining cookies with a comma breaks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import Any

from pyiismod.host._abi import ffi
from pyiismod.host.fields import KNOWN_HEADER, UNKNOWN_HEADER, UNKNOWN_HEADER_SIZE
from pyiismod.host.memory import RequestPool

LONGEST = 0xFFFF
"""Longest name or value in bytes: their lengths are USHORTs."""

_chars = ffi.typeof("char *")


class HeaderTable:
    """The known headers of one kind of message.

    Args:
        names: wire names by ``HTTP_HEADER_ID``.
        listed: names of those that are kept as lines of their own all the same.
    """

    def __init__(self, names: tuple[str, ...], listed: tuple[str, ...] = ()) -> None:
        self.names = tuple(name.encode() for name in names)
        self.listed = {names.index(name): name.encode() for name in listed}
        self.ids = {name.lower(): i for i, name in enumerate(self.names) if i not in self.listed}
        self.listed_names = frozenset(name.lower() for name in self.listed.values())


class Headers:
    """View of an ``HTTP_REQUEST_HEADERS`` or ``HTTP_RESPONSE_HEADERS``.

    Args:
        raw: the native struct; must outlive this object.
        table: its known headers.
        pool: where new values go; as long-lived as ``raw``.
        lines: array of unknown headers in ``raw`` and how many fit, if it may grow in place.
    """

    def __init__(self, raw: Any, table: HeaderTable, pool: RequestPool, lines: tuple[Any, int] = (ffi.NULL, 0)) -> None:
        self._raw = raw
        self._table = table
        self._pool = pool
        self._array, self._capacity = lines  # the last array of ours; a module may have put its own in its place

    def adopt(self, array: Any, capacity: int) -> None:
        """The struct has a new array of unknown headers."""
        self._array, self._capacity = array, capacity

    def is_known(self, header_id: int) -> bool:
        """Return whether ``header_id`` is in this struct's table."""
        return 0 <= header_id < len(self._table.names)

    def find(self, key: int | bytes) -> tuple[Any, int] | None:
        """Return (``const char *``, length) of the first value, or None. The pointer is the struct's own."""
        header_id = self._known(key)
        if header_id is not None:
            known = self._raw.KnownHeaders[header_id]
            return (known.pRawValue, known.RawValueLength) if known.pRawValue else None
        for line in self._lines(self._name(key)):
            return (line.pRawValue, line.RawValueLength) if line.pRawValue else None
        return None

    def get(self, key: int | bytes) -> bytes | None:
        """Return the first value as bytes, or None."""
        found = self.find(key)
        return None if found is None else bytes(ffi.buffer(*found))

    def set(self, key: int | bytes, value: bytes, *, replace: bool) -> bool:
        """Set a header; without ``replace`` a value is added: after a comma, or as a line of its own where listed.

        Returns:
            False, and nothing has changed, when the name or the joined value would be longer than :data:`LONGEST`.
        """
        header_id = self._known(key)
        if header_id is not None:
            return self._set_known(self._raw.KnownHeaders[header_id], value, replace)
        name = self._name(key)
        is_listed = self._is_listed(name)
        if not replace and not is_listed and (old := self.get(key)):
            value = old + b", " + value
        if len(value) > LONGEST or len(name) > LONGEST:
            return False
        lines = list(self._lines(name))
        if lines and not is_listed:
            lines[0].pRawValue, lines[0].RawValueLength = self._pool.data(value), len(value)
            self._remove(lines[1:] if replace else [])
            return True
        if replace:
            self._remove(lines)
        self.append(name, value)
        return True

    def _set_known(self, known: Any, value: bytes, replace: bool) -> bool:
        if not replace and known.RawValueLength and (old := known.pRawValue):
            value = ffi.buffer(old, known.RawValueLength)[:] + b", " + value
        size = len(value)
        if size > LONGEST:
            return False
        known.pRawValue, known.RawValueLength = self._pool.block(value + b"\0"), size
        return True

    def append(self, name: bytes, value: bytes) -> None:
        """Add a line of its own at the end of the unknown headers.

        Raises:
            MemoryError: there are 65535 already, which is what the struct can count.
        """
        count = self._count()
        if count >= LONGEST:
            raise MemoryError
        if count >= self._capacity or self._raw.pUnknownHeaders != self._array:
            self._capacity = max(8, count * 2)
            grown = self._pool.zeroed("HTTP_UNKNOWN_HEADER", self._capacity)
            if count:
                ffi.memmove(grown, self._raw.pUnknownHeaders, count * ffi.sizeof("HTTP_UNKNOWN_HEADER"))
            self._raw.pUnknownHeaders = self._array = grown
        line = self._raw.pUnknownHeaders[count]
        line.pName, line.NameLength = self._pool.data(name), len(name)
        line.pRawValue, line.RawValueLength = self._pool.data(value), len(value)
        self._raw.UnknownHeaderCount = count + 1

    def delete(self, key: int | bytes) -> None:
        """Delete every value; nothing happens when there is none."""
        header_id = self._known(key)
        if header_id is not None:
            known = self._raw.KnownHeaders[header_id]
            known.pRawValue, known.RawValueLength = ffi.NULL, 0
        else:
            self._remove(list(self._lines(self._name(key))))

    def clear(self) -> None:
        """Delete all headers."""
        ffi.buffer(self._raw.KnownHeaders)[:] = bytes(ffi.sizeof(self._raw.KnownHeaders))
        self._raw.UnknownHeaderCount = 0

    def items(self) -> list[tuple[bytes, bytes]]:
        """Return (name, value) of every line in the order of the wire: known ones by id, then the others."""
        names, raw = self._table.names, self._raw
        known = KNOWN_HEADER.read(ffi.buffer(raw.KnownHeaders), len(names))
        found = []
        for i in compress(range(len(names)), known[1::2]):
            found.append((names[i], ffi.buffer(ffi.cast(_chars, known[2 * i + 1]), known[2 * i])[:]))
        if count := self._count():
            lines = UNKNOWN_HEADER.read(ffi.buffer(raw.pUnknownHeaders, count * UNKNOWN_HEADER_SIZE), count)
            for i in range(0, 4 * count, 4):
                name_length, length, name_at, at = lines[i : i + 4]
                found.append((_text(name_at, name_length), _text(at, length)))
        return found

    def known_values(self) -> list[Any]:
        """Return the pointers to the known values by id; NULL where there is none."""
        return [known.pRawValue for known in self._raw.KnownHeaders]

    def unknown_pairs(self) -> list[tuple[Any, Any]]:
        """Return the pointers to (name, value) of the other headers."""
        lines = (self._raw.pUnknownHeaders[i] for i in range(self._count()))
        return [(line.pName, line.pRawValue) for line in lines]

    def _count(self) -> int:
        return self._raw.UnknownHeaderCount if self._raw.pUnknownHeaders else 0

    def _known(self, key: int | bytes) -> int | None:
        if isinstance(key, int):
            return None if key in self._table.listed else key
        return self._table.ids.get(key.lower())

    def _name(self, key: int | bytes) -> bytes:
        return self._table.listed[key] if isinstance(key, int) else key

    def _is_listed(self, name: bytes) -> bool:
        return name.lower() in self._table.listed_names

    def _lines(self, name: bytes) -> Iterator[Any]:
        wanted, length = name.lower(), len(name)
        for i in range(self._count()):
            line = self._raw.pUnknownHeaders[i]
            if line.NameLength == length and _text(line.pName, length).lower() == wanted:
                yield line

    def _remove(self, lines: list[Any]) -> None:
        if not lines:
            return
        gone = {int(ffi.cast("uintptr_t", ffi.addressof(line))) for line in lines}
        kept = 0
        for i in range(self._count()):
            line = self._raw.pUnknownHeaders + i
            if int(ffi.cast("uintptr_t", line)) not in gone:
                if kept != i:
                    ffi.memmove(self._raw.pUnknownHeaders + kept, line, ffi.sizeof("HTTP_UNKNOWN_HEADER"))
                kept += 1
        self._raw.UnknownHeaderCount = kept


def _text(pointer: Any, length: int) -> bytes:
    return ffi.buffer(ffi.cast(_chars, pointer), length)[:] if pointer and length else b""
