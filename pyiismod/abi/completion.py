"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcompletioninfo-interface

The outcome of an asynchronous operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.types import DWORD, HRESULT


class IHttpCompletionInfo(
    Interface, iid="49dd20e3-d9c0-463c-8821-f3413b55cc00", implemented_by="host", first_seen="iis7.0"
):
    """Bytes and status of a finished operation."""

    @slot(0, const=True)
    def GetCompletionBytes(self) -> DWORD: ...

    @slot(1, const=True)
    def GetCompletionStatus(self) -> HRESULT: ...


class IHttpCompletionInfo2(
    IHttpCompletionInfo, iid="53129f70-0196-47ec-b16c-127906e2afeb", implemented_by="host", first_seen="sdk8.1"
):
    """Adds which operation it was."""

    @slot(2, const=True)
    def GetCompletedOperation(self) -> DWORD: ...
