"""The life of the application: from its first request to its stop (fact sheet 1.5 and 4).

The first request starts it: its modules are resolved, then it starts, and requests that come meanwhile wait. A recycled
application stops when its last request has left, or at the latest before the next one, which starts it again.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from pyiismod.abi.constants import GL_APPLICATION_RESOLVE_MODULES, GL_APPLICATION_START, GL_APPLICATION_STOP
from pyiismod.host.global_providers import ApplicationProvider
from pyiismod.host.module import Module
from pyiismod.host.native import address
from pyiismod.host.resolving import ResolveModulesProvider
from pyiismod.host.trace import Timeline
from pyiismod.host.traffic import Traffic

if TYPE_CHECKING:
    from pyiismod.host.iis import Iis

_COLD, _STARTING, _RUNNING, _STALE = range(4)


class Gone(Exception):
    """The process is ending: it takes no more requests."""


class ApplicationLife:
    """Of the one application.

    Args:
        iis: the server.

    Attributes:
        modules: those that were registered while its modules were resolved.
        requests: those that are in it.
    """

    def __init__(self, iis: Iis) -> None:
        self._iis = iis
        self._state = _COLD
        self._changing = RLock()  # a start may send requests itself
        self._is_closed = False
        self.modules: list[Module] = []
        self.requests = Traffic()

    def enter(self, timeline: Timeline) -> None:
        """A request comes: start the application if it is not running; :meth:`leave` has to follow.

        Raises:
            Gone: the process is ending.
        """
        self.requests.enter()
        if self._is_closed:
            self.requests.leave()
            raise Gone
        if self._state == _RUNNING:
            return
        with self._changing:
            if self._state == _STALE and self.requests.count == 1:
                self._stop(timeline)
            if self._state == _COLD:
                self._start(timeline)

    def leave(self, timeline: Timeline) -> None:
        """The request is over."""
        self.requests.leave()
        if self._state == _STALE:
            with self._changing:
                if self._state == _STALE and not self.requests.count:
                    self._stop(timeline)

    def recycle(self, timeline: Timeline) -> None:
        """Have it stop as soon as no request is in it; nothing happens when it is not running."""
        with self._changing:
            if self._state == _RUNNING:
                self._state = _STALE
            if self._state == _STALE and not self.requests.count:
                self._stop(timeline)

    def drain(self) -> None:
        """The process ends: let nobody in any more, and wait until nobody is inside."""
        self._is_closed = True
        self.requests.drain()

    def end(self, timeline: Timeline) -> None:
        """The process ends: stop it if it was ever started; no request is in it."""
        with self._changing:
            if self._state != _COLD:
                self._stop(timeline)

    def _start(self, timeline: Timeline) -> None:
        self._state = _STARTING
        iis = self._iis
        told, application = iis.global_modules, iis.process.application
        if told.wants(GL_APPLICATION_RESOLVE_MODULES):
            provider = ResolveModulesProvider(timeline, application, iis.settings, iis.modules, iis.next_id)
            told.tell(GL_APPLICATION_RESOLVE_MODULES, timeline, provider.pointer)
            provider.end()
            self.modules = provider.found
            iis.replan()
        self._tell(GL_APPLICATION_START, timeline)
        self._state = _RUNNING

    def _stop(self, timeline: Timeline) -> None:
        self._tell(GL_APPLICATION_STOP, timeline)
        self._state = _COLD
        modules, self.modules = self.modules, []
        if modules:
            self._iis.replan()
            self._terminate(modules, timeline)
        self._iis.process.end_application(timeline)

    def _tell(self, bit: int, timeline: Timeline) -> None:
        process = self._iis.process
        self._iis.global_modules.tell_with(bit, timeline, lambda: ApplicationProvider(timeline, process.application))

    def _terminate(self, modules: list[Module], timeline: Timeline) -> None:
        """End each factory once; one that its module registered in RegisterModule too ends with that module."""
        ended = {address(m.registration.factory) for m in self._iis.modules if m.registration is not None}
        for module in modules:
            factory = address(module.factory)
            if factory not in ended:
                ended.add(factory)
                module.terminate(timeline)
