"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpurlinfo-interface

The cached entry of a URL, and how often it is hit (fact sheet 5.5).
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from pyiismod.abi.metadata import IHttpUrlInfo
from pyiismod.host.containers import ModuleFile
from pyiismod.host.lifetime import Counted
from pyiismod.host.trace import Timeline

_PERIOD = 10.0  # seconds: frequentHitTimePeriod; two hits within it (frequentHitThreshold) make a URL frequently hit
_MOST = 4096  # URLs remembered


class Hits:
    """When each URL was asked for, the last two times."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def add(self, path: str) -> None:
        """Count a request for ``path``."""
        last, _ = self._last.pop(path, (-_PERIOD, 0.0))
        self._last[path] = (monotonic(), last)
        if len(self._last) > _MOST:
            self._last.pop(next(iter(self._last)), None)

    def is_frequent(self, path: str) -> bool:
        """Return whether ``path`` was asked for twice within the last ten seconds."""
        _, previous = self._last.get(path, (0.0, -_PERIOD))
        return monotonic() - previous < _PERIOD


class UrlInfo(Counted, IHttpUrlInfo):
    """One URL; its contexts live as long as it is in the cache.

    Args:
        path: canonical path.
        hits: of all URLs.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, path: str, hits: Hits, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline, file_of)
        self._path = path
        self._hits = hits

    def GetModuleContextContainer(self) -> Any:
        return self.container.pointer

    def IsFrequentlyHit(self) -> int:
        return int(self._hits.is_frequent(self._path))
