"""Global modules whose slots are Python functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import nativecall
from nativecall import Host, Native, make, of, wide

from pyiismod.abi.global_providers import IGlobalApplicationPreloadProvider2, IHttpApplicationProvider
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.notifications import GLOBAL
from pyiismod.host.happenings import Outcome, happen
from pyiismod.host.module import Module
from pyiismod.host.registration import RegistrationInfo

CONTINUE, HANDLED = 0, 1
BITS = {n.handler: n.bit for n in GLOBAL}
_VIEWS = {
    "IHttpApplicationStartProvider": IHttpApplicationProvider,
    "IHttpApplicationStopProvider": IHttpApplicationProvider,
    "IGlobalApplicationPreloadProvider": IGlobalApplicationPreloadProvider2,
}


def load_global(
    host: Host,
    name: str,
    handlers: dict[str, Callable[..., int]],
    *,
    priorities: Iterable[tuple[int, str]] = (),
    factory: Any = None,
    mask: int = 0,
    ends: list[str] | None = None,
) -> Module:
    """Register a global module; a handler is given the provider as a :class:`Native`, or what there is instead.

    Args:
        host: where.
        name: of the module.
        handlers: by method name; its mask follows from them.
        priorities: (bit, alias).
        factory: registered for ``mask``, if any.
        mask: request notifications.
        ends: where Terminate notes ``"name global"``.
    """
    module = Module(name, f"C:\\modules\\{name}.dll", host.iis.next_id())
    module.registration = RegistrationInfo(name, module.id, host.timeline)
    info = of(module.registration)
    slots = {method: _handler(method, handler) for method, handler in handlers.items()}
    slots["Terminate"] = lambda: ends.append(f"{name} global") if ends is not None else None
    pointer = make("CGlobalModule", slots)
    assert info.SetGlobalNotifications(pointer, sum(BITS[method] for method in handlers)) == 0
    for bit, alias in priorities:
        assert info.SetPriorityForGlobalNotification(bit, wide(alias)) == 0
    if factory is not None:
        assert info.SetRequestNotifications(factory, mask, 0) == 0
    host.iis.modules.append(module)
    host.iis.replan()
    return module


def _handler(method: str, handler: Callable[..., int]) -> Callable[..., int]:
    declared = next(m for m in INTERFACES["CGlobalModule"].table() if m.overload == method)
    if not declared.params or method == "OnSuspendProcess":
        return handler
    kind = declared.params[0].type.rstrip(" *")
    interface = _VIEWS.get(kind) or INTERFACES[kind]
    return lambda pointer: handler(Native(pointer, interface))


def notified(host: Host) -> list[str]:
    """Return ``"module GL_NAME"`` and ``"module RQ_NAME"`` of all notifications since the last request, in order."""
    return [f"{e.module[:-4]} {e.notification}" for e in host.timeline.events if e.event == "notification"]


def let(host: Host, notification: str, text: str = "", parameters: str = "", flag: bool = False) -> Outcome:
    """Let it happen, written to the timeline of the last request."""
    return happen(host.iis, notification, text, parameters, flag, host.timeline)


def check() -> None:
    """Raise what a Python function behind a slot raised."""
    if nativecall._errors:
        raise nativecall._errors[0]
