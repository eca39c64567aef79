"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/imoduleallocator-interface

Request memory for module objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.types import DWORD, Ptr, void


class IModuleAllocator(
    Interface, iid="85c1679c-0b21-491c-afb5-c7b5c86464c4", implemented_by="host", first_seen="iis7.0"
):
    """Memory that lives as long as the request."""

    @slot(0)
    def AllocateMemory(self, cbAllocation: DWORD) -> Ptr[void]: ...
