"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iglobalapplicationpreloadprovider-interface

Warming an application up before anybody asks for it (fact sheet 4): a global module makes requests of its own. Such a
request has no client: ``GetConnection`` is NULL, and nobody sees its response but the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import GL_APPLICATION_PRELOAD
from pyiismod.abi.global_providers import IGlobalApplicationPreloadProvider2
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED, S_OK
from pyiismod.host.exchange import Exchange
from pyiismod.host.global_providers import GlobalProvider
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.native import address
from pyiismod.host.trace import Timeline, current
from pyiismod.host.url import parsed
from pyiismod.host.user import ModuleUser
from pyiismod.rules.lifetime import CONTEXT_NOT_EXECUTED

if TYPE_CHECKING:
    from pyiismod.host.iis import Iis


class PreloadProvider(GlobalProvider, IGlobalApplicationPreloadProvider2):
    """Of APPLICATION_PRELOAD.

    Args:
        iis: the server.
        timeline: where it is written, its requests too.
        recycled: whether this process takes the place of another.

    Attributes:
        responses: what its requests were answered, in order.
    """

    def __init__(self, iis: Iis, timeline: Timeline, recycled: bool) -> None:
        super().__init__(timeline)
        self._iis = iis
        self._recycled = recycled
        self._contexts: dict[int, Exchange] = {}
        self.responses: list[Outgoing] = []

    def CreateContext(self, ppHttpContext: Any) -> int:
        if not ppHttpContext:
            return ERROR_INVALID_PARAMETER
        self._iis.application.enter(self.timeline)
        incoming = Incoming("GET", parsed("http", "localhost", "/"), [("Host", "localhost")], has_connection=False)
        exchange = Exchange(self._iis, incoming, self.timeline)
        self._contexts[exchange.context.this] = exchange
        ppHttpContext[0] = exchange.context.pointer
        return S_OK

    def ExecuteRequest(self, pHttpContext: Any, pHttpUser: Any) -> int:
        exchange = self._contexts.get(address(pHttpContext))
        if exchange is None:
            return ERROR_INVALID_PARAMETER
        if exchange.ended:
            return ERROR_NOT_SUPPORTED
        if pHttpUser:
            frame = current()
            user = ModuleUser(pHttpUser, frame.module or "" if frame else "", self.timeline)
            user.hold()
            exchange.around.set_user(user)
        self.responses.append(exchange.run())
        return S_OK

    def IsProcessRecycled(self) -> int:
        return int(self._recycled)

    def end(self) -> None:
        """End the contexts that were made and not used too."""
        for exchange in self._contexts.values():
            if not exchange.ended:
                self.timeline.violation(CONTEXT_NOT_EXECUTED, "a context that CreateContext gave was never executed")
                exchange.abandon()
            self._iis.application.leave(self.timeline)
        self._contexts = {}
        super().end()


def preload(iis: Iis, recycled: bool, timeline: Timeline) -> list[Outgoing]:
    """Tell global modules to warm the application up; return what their requests were answered."""
    if not iis.global_modules.wants(GL_APPLICATION_PRELOAD):
        return []
    provider = PreloadProvider(iis, timeline, recycled)
    iis.global_modules.tell(GL_APPLICATION_PRELOAD, timeline, provider.pointer)
    provider.end()
    return provider.responses
