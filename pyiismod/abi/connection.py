"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpconnection-interface

The client connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.stored_context import IHttpConnectionModuleContextContainer
    from pyiismod.abi.types import BOOL, DWORD, Ptr, void


class IHttpConnection(
    Interface, iid="d9a5de00-3346-4599-9826-fe88565e1226", implemented_by="host", first_seen="iis7.0"
):
    """The connection that carried the request."""

    @slot(0, const=True)
    def IsConnected(self) -> BOOL: ...

    @slot(1)
    def AllocateMemory(self, cbAllocation: DWORD) -> Ptr[void]: ...

    @slot(2)
    def GetModuleContextContainer(self) -> Ptr[IHttpConnectionModuleContextContainer]: ...
