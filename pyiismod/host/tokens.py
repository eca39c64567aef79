"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttptokenentry-interface

Logon tokens as ``IHttpServer2::GetToken`` hands them out: for the accounts that the test has set.
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.user import IHttpTokenEntry
from pyiismod.host import win32
from pyiismod.host.cachedata import CacheData
from pyiismod.host.containers import ModuleFile
from pyiismod.host.trace import Timeline
from pyiismod.host.user import SOMEBODY, Tokens, sid


class TokenEntry(CacheData, IHttpTokenEntry):
    """The tokens of one account.

    Args:
        name: of the account.
        timeline: of the process.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, name: str, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__("TOKEN", name, timeline, file_of)
        self._tokens = Tokens(None)
        self._sid = self.pool.block(sid(SOMEBODY))

    def GetImpersonationToken(self) -> Any:
        return self._tokens.get(win32.IMPERSONATION)

    def GetPrimaryToken(self) -> Any:
        return self._tokens.get(win32.PRIMARY)

    def GetSid(self) -> Any:
        return self._sid

    def die(self, timeline: Timeline) -> None:
        """Close the tokens too."""
        self._tokens.close(self.timeline)
        super().die(timeline)
