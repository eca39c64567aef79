"""Objects that live longer than a call and shorter than the process: they count who holds them.

The host's own users and the module's references count alike; who lets go of the last one ends the object. A module that
lets go once too often then calls something that has ended, and that is a violation by itself.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from pyiismod.host.containers import ModuleContextContainer, ModuleFile
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline

_lock = allocate_lock()  # one for all counts: held for a few instructions


class Owner(NativeObject):
    """An object with memory and a context container of its own, made when a module first asks for it.

    Args:
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline)
        self.pool = RequestPool()
        self._file_of = file_of
        self._container: ModuleContextContainer | None = None

    @property
    def container(self) -> ModuleContextContainer:
        """Its container."""
        with _lock:
            if self._container is None:
                self._container = self._make_container()
            return self._container

    def _make_container(self) -> ModuleContextContainer:
        return ModuleContextContainer(self.timeline, self._file_of)

    def die(self, timeline: Timeline) -> None:
        """Clean its contexts up, end it and free its memory."""
        if self._container is not None:
            self._container.clean(timeline)
        self.end()
        self.pool.release()


class Counted(Owner):
    """An owner that counts its holders; whoever makes it is the first."""

    def __init__(self, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self.holders = 1

    def hold(self) -> None:
        """Count one more holder."""
        with _lock:
            self.holders += 1

    def drop(self, timeline: Timeline | None = None) -> None:
        """Count one holder less; the last one ends the object."""
        with _lock:
            self.holders -= 1
            is_last = self.holders == 0
        if is_last:
            self.die(timeline or self.timeline)


_T = TypeVar("_T", bound=Counted)


class Cache(Generic[_T]):
    """Counted objects by key. The cache holds each; what nobody asked for longest is dropped when there are too many.

    Args:
        limit: how many it keeps.
    """

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._entries: dict[Hashable, _T] = {}

    def take(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return the object of ``key``, held for the caller, made if there is none."""
        with _lock:
            entry = self._entries.pop(key, None)
            if entry is not None:
                self._entries[key] = entry
                entry.holders += 1
                return entry
        made = make()
        with _lock:
            entry = self._entries.setdefault(key, made)
            entry.holders += 1
            full = len(self._entries) > self._limit
            oldest = self._entries.pop(next(iter(self._entries))) if full else None
        for unwanted in (None if entry is made else made, oldest):
            if unwanted is not None:
                unwanted.drop()
        return entry

    def find(self, key: Hashable) -> _T | None:
        """Return the object of ``key``, not held, or None."""
        return self._entries.get(key)

    def remove(self, key: Hashable, timeline: Timeline) -> None:
        """Forget one object."""
        with _lock:
            entry = self._entries.pop(key, None)
        if entry is not None:
            entry.drop(timeline)

    def clear(self, timeline: Timeline) -> None:
        """Forget all objects."""
        with _lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            entry.drop(timeline)
