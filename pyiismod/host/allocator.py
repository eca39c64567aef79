"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/imoduleallocator-interface

The allocator that GetHttpModule is given: request memory, for module objects (fact sheet 2.2).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.allocator import IModuleAllocator
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline


class ModuleAllocator(NativeObject, IModuleAllocator):
    """Valid during one GetHttpModule call; what it gave out lives to the end of the request, after Dispose."""

    def __init__(self, timeline: Timeline, pool: RequestPool) -> None:
        super().__init__(timeline)
        self._pool = pool

    def AllocateMemory(self, cbAllocation: int) -> Any:
        return self._pool.hand_over(cbAllocation)
