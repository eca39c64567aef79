"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcompletioninfo-interface

What ``OnAsyncCompletion`` is told: it lives for that call only (fact sheet 2.4).
"""

from __future__ import annotations

from pyiismod.abi.completion import IHttpCompletionInfo2
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline
from pyiismod.pipeline import Completion


class CompletionInfo(NativeObject, IHttpCompletionInfo2):
    """The outcome of one asynchronous operation."""

    def __init__(self, timeline: Timeline, completion: Completion) -> None:
        super().__init__(timeline)
        self._completion = completion

    def GetCompletionBytes(self) -> int:
        return self._completion.size & 0xFFFFFFFF

    def GetCompletionStatus(self) -> int:
        return self._completion.status

    def GetCompletedOperation(self) -> int:
        return self._completion.operation
