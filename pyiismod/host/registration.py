"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpmoduleregistrationinfo-interface

What a module asks for in RegisterModule (fact sheet 1.2). What no source settles is accepted where it does no harm, and
noted as a violation: masks that can never be told, priorities without a notification.
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.constants import global_notification_names, request_notification_names
from pyiismod.abi.notifications import GLOBAL_BY_BIT, REQUEST, REQUEST_BY_BIT
from pyiismod.abi.registration import IHttpModuleRegistrationInfo2
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_ALREADY_EXISTS, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Timeline
from pyiismod.pipeline import ALIASES
from pyiismod.rules.registration import NEVER_TOLD, PRIORITY_OF_NOTHING, REGISTERED_FOR_NOTHING, REGISTERED_TOO_LATE

_REQUEST_MASK = sum(REQUEST_BY_BIT)
_POST_MASK = sum(notification.bit for notification in REQUEST if notification.post_handler)
_TOLD_MASK = sum(notification.bit for notification in REQUEST if notification.handler)
_GLOBAL_MASK = sum(GLOBAL_BY_BIT)


class RegistrationInfo(NativeObject, IHttpModuleRegistrationInfo2):
    """The registration object of one module; it and its name live as long as the process.

    Args:
        name: name attribute of the ``<globalModules>`` entry.
        module_id: the opaque id; never 0, because modules refuse that.
        timeline: of the load.

    Attributes:
        factory, global_module: what was handed over, as ``void *``; IIS owns them from then on.
        request_mask, post_mask, global_mask: the notifications.
        priorities: (bit, post) → alias.
        global_priorities: bit → alias.
        is_open: until RegisterModule has returned; what is asked for later has no effect and fails.
    """

    def __init__(self, name: str, module_id: int, timeline: Timeline) -> None:
        super().__init__(timeline)
        self.name = name
        self.id = module_id
        self.factory: Any = ffi.NULL
        self.global_module: Any = ffi.NULL
        self.request_mask = self.post_mask = self.global_mask = 0
        self.priorities: dict[tuple[int, bool], str] = {}
        self.global_priorities: dict[int, str] = {}
        self.is_open = True
        self._wide_name = RequestPool()
        self._pszName = self._wide_name.wide(name)

    def GetName(self) -> Any:
        return self._pszName

    def GetId(self) -> Any:
        return ffi.cast("void *", self.id)

    def SetRequestNotifications(
        self, pModuleFactory: Any, dwRequestNotifications: int, dwPostRequestNotifications: int
    ) -> int:
        if self.factory:
            return ERROR_ALREADY_EXISTS
        if not self._is_in_time("SetRequestNotifications"):
            return ERROR_INVALID_PARAMETER
        if not pModuleFactory and (dwRequestNotifications or dwPostRequestNotifications):
            return ERROR_INVALID_PARAMETER
        self.factory = pModuleFactory
        self.request_mask, self.post_mask = dwRequestNotifications, dwPostRequestNotifications
        never = request_notification_names(dwRequestNotifications & ~_TOLD_MASK)
        never += [f"post {name}" for name in request_notification_names(dwPostRequestNotifications & ~_POST_MASK)]
        if not dwRequestNotifications | dwPostRequestNotifications:
            self.timeline.violation(REGISTERED_FOR_NOTHING, "a factory is registered for nothing: both masks are 0")
        elif never:
            self.timeline.violation(NEVER_TOLD, f"{', '.join(never)} is registered, and IIS never tells it")
        return S_OK

    def SetGlobalNotifications(self, pGlobalModule: Any, dwGlobalNotifications: int) -> int:
        if self.global_module:
            return ERROR_ALREADY_EXISTS
        if not self._is_in_time("SetGlobalNotifications"):
            return ERROR_INVALID_PARAMETER
        if not pGlobalModule:
            return ERROR_INVALID_PARAMETER
        self.global_module = pGlobalModule
        self.global_mask = dwGlobalNotifications
        if not dwGlobalNotifications:
            self.timeline.violation(REGISTERED_FOR_NOTHING, "a global module is registered for nothing: its mask is 0")
        if never := global_notification_names(dwGlobalNotifications & ~_GLOBAL_MASK):
            self.timeline.violation(NEVER_TOLD, f"{', '.join(never)} is registered, and IIS never tells it")
        return S_OK

    def SetPriorityForRequestNotification(self, dwRequestNotification: int, pszPriority: Any) -> int:
        return self._prioritise(dwRequestNotification, pszPriority, self.request_mask, post=False)

    def SetPriorityForPostRequestNotification(self, dwPostRequestNotification: int, pszPriority: Any) -> int:
        return self._prioritise(dwPostRequestNotification, pszPriority, self.post_mask, post=True)

    def SetPriorityForGlobalNotification(self, dwGlobalNotification: int, pszPriority: Any) -> int:
        alias = _alias(pszPriority)
        if alias is None or not dwGlobalNotification & _GLOBAL_MASK or not self._is_in_time("a priority"):
            return ERROR_INVALID_PARAMETER
        self.global_priorities.update(dict.fromkeys(_bits(dwGlobalNotification & _GLOBAL_MASK), alias))
        return S_OK

    def _prioritise(self, mask: int, pszPriority: Any, registered: int, post: bool) -> int:
        alias = _alias(pszPriority)
        if alias is None or not mask & _REQUEST_MASK or not self._is_in_time("a priority"):
            return ERROR_INVALID_PARAMETER
        if idle := request_notification_names(mask & ~registered):
            self.timeline.violation(
                PRIORITY_OF_NOTHING, f"priority {alias} is set for what is not registered: {', '.join(idle)}"
            )
        self.priorities.update({(bit, post): alias for bit in _bits(mask & _REQUEST_MASK)})
        return S_OK

    def _is_in_time(self, what: str) -> bool:
        if not self.is_open:
            self.timeline.violation(REGISTERED_TOO_LATE, f"{what} after RegisterModule has returned has no effect")
        return self.is_open

    def described_priorities(self) -> dict[str, str]:
        """Return notification name → alias; post notifications as ``"post RQ_…"``."""
        named = {
            ("post " if post else "") + request_notification_names(bit)[0]: alias
            for (bit, post), alias in self.priorities.items()
        }
        return named | {global_notification_names(bit)[0]: alias for bit, alias in self.global_priorities.items()}


def _alias(pszPriority: Any) -> str | None:
    alias = str(ffi.string(pszPriority, 16)) if pszPriority else ""
    return alias if alias in ALIASES else None


def _bits(mask: int) -> list[int]:
    return [1 << i for i in range(32) if mask & 1 << i]
