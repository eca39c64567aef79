"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcachespecificdata-interface

Keys and records of IIS's own caches: what files and logon tokens have in common.
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.cache import IHttpCacheKey, IHttpCacheSpecificData
from pyiismod.host.containers import ModuleFile
from pyiismod.host.lifetime import Counted
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline

_TTL = 2  # passes of the scavenger that an unused record survives (unconfirmed)


class CacheKey(NativeObject, IHttpCacheKey):
    """A key of the host's own.

    Args:
        cache: name of the cache.
        text: what is cached; names of files and users are compared without regard to case.
        timeline: of the process.
        pool: as long-lived as the key.
    """

    def __init__(self, cache: str, text: str, timeline: Timeline, pool: RequestPool) -> None:
        super().__init__(timeline)
        self._text = text.lower()
        self._name = pool.wide(cache)
        self.cache = cache

    def GetHash(self) -> int:
        value = 2166136261  # FNV-1a
        for byte in self._text.encode("utf-8", "surrogatepass"):
            value = (value ^ byte) * 16777619 & 0xFFFFFFFF
        return value

    def GetCacheName(self) -> Any:
        return self._name

    def GetIsEqual(self, pCacheCompareKey: Any) -> bool:
        other = self.resolve(pCacheCompareKey)
        return isinstance(other, CacheKey) and (other.cache, other._text) == (self.cache, self._text)

    def GetIsPrefix(self, pCacheCompareKey: Any) -> bool:
        other = self.resolve(pCacheCompareKey)
        return isinstance(other, CacheKey) and other.cache == self.cache and other._text.startswith(self._text)

    def Enum(self, pCacheData: Any) -> None:
        """Do nothing: only the keys of those who enumerate want to hear of records."""


class CacheData(Counted, IHttpCacheSpecificData):
    """A record of the host's own. Whoever was given it dereferences it.

    Args:
        cache: name of the cache.
        text: what is cached.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, cache: str, text: str, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self._key = CacheKey(cache, text, timeline, self.pool)
        self._ttl = _TTL
        self._is_flushed = False

    def GetCacheKey(self) -> Any:
        return self._key.pointer

    def ReferenceCacheData(self) -> None:
        self.hold()

    def DereferenceCacheData(self) -> None:
        self.drop()

    def ResetTTL(self) -> None:
        self._ttl = _TTL

    def DecrementTTL(self, pfTTLExpired: Any) -> None:
        self._ttl = max(self._ttl - 1, 0)
        if pfTTLExpired:
            pfTTLExpired[0] = int(not self._ttl)

    def SetFlushed(self) -> None:
        self._is_flushed = True

    def GetFlushed(self) -> int:
        return int(self._is_flushed)

    def die(self, timeline: Timeline) -> None:
        """End the key too."""
        self._key.end()
        super().die(timeline)
