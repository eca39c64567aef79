"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-docacheoperation-method

The user-mode cache that modules share through ``DoCacheOperation``: records and keys are objects of theirs,
the store only compares and counts (fact sheet 5.4).
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import Any

from pyiismod.abi.cache import IHttpCacheKey, IHttpCacheSpecificData
from pyiismod.host._abi import ffi
from pyiismod.host.native import slots_of
from pyiismod.host.trace import Timeline, current

_KEY = slots_of(IHttpCacheKey)
_DATA = slots_of(IHttpCacheSpecificData)


class CacheStore:
    """The records of modules, by name of the cache and hash of the key.

    Each is held by one reference. No lock is held while a module's object is asked something.

    Args:
        timeline: of the process.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._lock = allocate_lock()
        self._buckets: dict[tuple[str, int], list[Any]] = {}

    def retrieve(self, key: Any) -> Any:
        """Return the record that equals ``key``, referenced for the caller; NULL when there is none."""
        for record in self._bucket(key):
            if self._ask("GetIsEqual", key, self._key_of(record)):
                self._tell("ReferenceCacheData", record)
                return record
        return ffi.NULL

    def add(self, key: Any, record: Any) -> None:
        """Add a record; one that equals it goes."""
        self.delete(key)
        self._tell("ReferenceCacheData", record)
        place = self._place(key)
        with self._lock:
            self._buckets.setdefault(place, []).append(record)

    def delete(self, key: Any) -> bool:
        """Flush the record that equals ``key``; return whether there was one."""
        found = [record for record in self._bucket(key) if self._ask("GetIsEqual", key, self._key_of(record))]
        self._flush(found)
        return bool(found)

    def flush_prefix(self, key: Any) -> bool:
        """Flush the records that ``key`` is a prefix of; return whether there were any."""
        found = [record for record in self._all(key) if self._ask("GetIsPrefix", key, self._key_of(record))]
        self._flush(found)
        return bool(found)

    def enumerate(self, key: Any) -> None:
        """Show every record of the key's cache to the key."""
        for record in self._all(key):
            self._ask("Enum", key, record)

    def clear(self) -> None:
        """The process ends: flush everything."""
        self._flush([record for bucket in list(self._buckets.values()) for record in bucket])

    def _flush(self, records: list[Any]) -> None:
        for record in records:
            with self._lock:
                owner = next((bucket for bucket in self._buckets.values() if record in bucket), None)
                if owner is not None:
                    owner.remove(record)
            if owner is not None:
                self._tell("SetFlushed", record)
                self._tell("DereferenceCacheData", record)

    def _place(self, key: Any) -> tuple[str, int]:
        return self._cache_of(key), int(self._ask("GetHash", key))

    def _cache_of(self, key: Any) -> str:
        name = self._ask("GetCacheName", key)
        return str(ffi.string(name)) if name else ""

    def _bucket(self, key: Any) -> list[Any]:
        place = self._place(key)
        with self._lock:
            return list(self._buckets.get(place, ()))

    def _all(self, key: Any) -> list[Any]:
        cache = self._cache_of(key)
        with self._lock:
            return [record for (name, _), bucket in self._buckets.items() if name == cache for record in bucket]

    def _key_of(self, record: Any) -> Any:
        return _DATA["GetCacheKey"].call(self._timeline, _file(), record)

    def _ask(self, slot: str, key: Any, *args: Any) -> Any:
        return _KEY[slot].call(self._timeline, _file(), key, *args)

    def _tell(self, slot: str, record: Any) -> None:
        _DATA[slot].call(self._timeline, _file(), record)


def _file() -> str:
    frame = current()
    return frame.module or "" if frame is not None else ""
