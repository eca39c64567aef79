"""The handler of one request: IIS maps it before the first notification, modules may again (fact sheet 2.1, 5.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import RQ_EXECUTE_REQUEST_HANDLER
from pyiismod.host import content
from pyiismod.host.errors import ERROR_INVALID_DATA
from pyiismod.host.handlers import Handler
from pyiismod.pipeline import Machine
from pyiismod.rules.body import HANDLER_TOO_LATE

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.iis import Iis
    from pyiismod.host.plans import Plans


class Mapping:
    """Of one request.

    Args:
        exchange: the request.
        iis: the server.
        plans: whom to tell, for each handler.
        machine: its position; a new handler changes what lies ahead.

    Attributes:
        handler: what runs at EXECUTE_REQUEST_HANDLER; None when nothing fits.
        ignored: handlers that the request is never mapped to.
    """

    ignored: frozenset[Handler | None] = frozenset()

    def __init__(self, exchange: Exchange, iis: Iis, plans: Plans, machine: Machine) -> None:
        self._exchange = exchange
        self._iis = iis
        self._plans = plans
        self._machine = machine
        self._script_map: Any = None  # a module's own description
        self._script_name: str | None = None
        self.handler: Handler | None = self._plans.static_handler

    def url_changed(self) -> None:
        """Map the request anew, unless a module has."""
        if self._exchange.settings.handlers and self._script_map is None:
            request = self._exchange.request
            self._set(self.find(request.url.path, request.method.decode("latin-1")))

    def find(self, path: str, verb: str, ignore_wildcard: bool = False) -> Handler | None:
        """Return the handler mapping for a verb on a canonical URL path, or None."""
        x = self._exchange
        physical = x.physical_path if path == x.request.url.path else content.map_path(x.settings, path)
        return self._iis.map_handler(path, verb, physical, ignore_wildcard, self.ignored)

    def set(self, handler: Handler, script_map: Any) -> None:
        """``SetScriptMap``: as long as no handler has run.

        Args:
            handler: what runs.
            script_map: pointer to what describes it.
        """
        if self._machine.position >= (RQ_EXECUTE_REQUEST_HANDLER, False):
            self._exchange.timeline.violation(
                HANDLER_TOO_LATE, "SetScriptMap was called after the handler stage had begun: no effect"
            )
            return
        self._script_map = script_map
        self._set(handler)

    def _set(self, handler: Handler | None) -> None:
        self.handler = handler
        self._machine.replan(self._plans.of(handler))

    @property
    def script_map(self) -> Any:
        """Pointer to what describes the handler, or None."""
        if self._script_map is not None or self.handler is None:
            return self._script_map
        return self._iis.process.script_map(self.handler).pointer

    @property
    def script_name(self) -> str:
        """Virtual path of the script: the URL's path, unless a module has set another."""
        return self._exchange.request.url.path if self._script_name is None else self._script_name

    @script_name.setter
    def script_name(self, name: str) -> None:
        self._script_name = name

    @property
    def response_buffer_limit(self) -> int:
        """Bytes of a response that are buffered."""
        return (self.handler or self._exchange.settings).response_buffer_limit

    def serve(self) -> None:
        """Answer when no module has: with static content where it is mapped, else with IIS's error."""
        x, handler = self._exchange, self.handler
        if handler is None:
            x.response.fail(404, 4)
        elif handler.is_static:
            (x.incoming.handler or content.serve)(x)
        elif not set(handler.modules) <= {module.name for module in self._iis.modules}:
            x.response.fail(500, 21, ERROR_INVALID_DATA)
