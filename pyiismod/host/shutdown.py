"""The end of a worker process: the order of section 1.5 of the fact sheet, and the disorders met in practice.

- ``"normal"``: STOP_LISTENING, unless it was raised before; requests drain; APPLICATION_STOP, if the application has
  started; CACHE_CLEANUP; then for each module ``CGlobalModule::Terminate`` and ``IHttpModuleFactory::Terminate``;
- ``"stop_listening_twice"``: it comes again, never at the same time;
- ``"no_stop_listening"``: it never comes, as when IIS Express is closed;
- ``"late_stop_listening"``: it comes after everything else;
- ``"cache_cleanup_first"``: CACHE_CLEANUP comes before APPLICATION_STOP (their order is not documented);
- ``"factory_first"``: each factory ends before its module's global module;
- ``"detach_first"``: each DLL gets DLL_PROCESS_DETACH before all global notifications.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyiismod.abi.constants import GL_CACHE_CLEANUP
from pyiismod.host.threads import on_system_thread

if TYPE_CHECKING:
    from pyiismod.host.iis import Iis
    from pyiismod.host.trace import Timeline

_STOP, _STOP_AGAIN, _DRAIN, _LEAVE, _CLEANUP, _DETACH = range(6)
FACTORY_FIRST = "factory_first"
_END = (_DRAIN, _LEAVE, _CLEANUP)

ORDERS = {
    "normal": (_STOP, *_END),
    "stop_listening_twice": (_STOP, _STOP_AGAIN, *_END),
    "no_stop_listening": _END,
    "late_stop_listening": (*_END, _STOP),
    "cache_cleanup_first": (_STOP, _DRAIN, _CLEANUP, _LEAVE),
    FACTORY_FIRST: (_STOP, *_END),
    "detach_first": (_DRAIN, _DETACH, _STOP, _LEAVE, _CLEANUP),
}
"""Name of the order (:data:`pyiismod.host.settings.SHUTDOWNS`) → what happens before the modules end."""


def shut_down(iis: Iis, graceful: bool, timeline: Timeline) -> None:
    """Do everything that comes before ``Terminate``.

    Args:
        iis: the server.
        graceful: what STOP_LISTENING modules are told: TRUE when the process is recycled.
        timeline: where it is written.
    """
    occurrences = iis.occurrences

    def stop_listening(again: bool = False) -> None:
        if again or not occurrences.has_stopped_listening:
            on_system_thread(timeline, lambda: occurrences.stop_listening(graceful, timeline))

    def drain() -> None:
        iis.application.drain()
        iis.threads.traffic.drain()

    def detach() -> None:
        for module in reversed(iis.modules):
            module.detach(timeline)

    steps: dict[int, Callable[[], object]] = {
        _STOP: stop_listening,
        _STOP_AGAIN: lambda: stop_listening(again=True),
        _DRAIN: drain,
        _LEAVE: lambda: iis.application.end(timeline),
        _CLEANUP: lambda: iis.global_modules.tell(GL_CACHE_CLEANUP, timeline),
        _DETACH: detach,
    }
    for step in ORDERS[iis.settings.shutdown]:
        steps[step]()
