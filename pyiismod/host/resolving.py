"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpapplicationresolvemodulesprovider-interface

Modules that no configuration lists: a global module registers them while an application's modules are resolved, as
ManagedEngine does for managed ones (fact sheet 4). They take part in the application's requests after all others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyiismod.abi.global_providers import IHttpApplicationResolveModulesProvider
from pyiismod.host._abi import ffi
from pyiismod.host.application import Application
from pyiismod.host.errors import ERROR_ALREADY_EXISTS, ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.global_providers import ApplicationProvider
from pyiismod.host.module import Module
from pyiismod.host.native import address
from pyiismod.host.preconditions import satisfies
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline


class ResolveModulesProvider(ApplicationProvider, IHttpApplicationResolveModulesProvider):
    """Of APPLICATION_RESOLVE_MODULES.

    Args:
        timeline: where it is written.
        application: whose modules are resolved.
        settings: of the server.
        modules: what is loaded.
        next_id: gives module ids.

    Attributes:
        found: what was registered and takes part in requests, in order.
    """

    def __init__(
        self,
        timeline: Timeline,
        application: Application,
        settings: Settings,
        modules: list[Module],
        next_id: Callable[[], int],
    ) -> None:
        super().__init__(timeline, application)
        self._settings = settings
        self._parents = {module.id: module for module in modules}
        self._names = {module.name for module in modules}
        self._next_id = next_id
        self._registered: dict[str, RegistrationInfo] = {}
        self.found: list[Module] = []

    def RegisterModule(
        self,
        parentModuleId: Any,
        pModuleFactory: Any,
        pszModuleName: Any,
        pszModuleType: Any,
        pszModulePreCondition: Any,
        dwRequestNotifications: int,
        dwPostRequestNotifications: int,
    ) -> int:
        if not parentModuleId or not pModuleFactory or not pszModuleName:
            return ERROR_INVALID_PARAMETER
        parent, name = self._parents.get(address(parentModuleId)), str(ffi.string(pszModuleName))
        if parent is None:
            return ERROR_FILE_NOT_FOUND
        if name in self._names or name in self._registered:
            return ERROR_ALREADY_EXISTS
        module = Module(name, parent.path, self._next_id())
        info = RegistrationInfo(name, module.id, self.timeline.process)
        module.registration = self._registered[name] = info
        info.SetRequestNotifications(pModuleFactory, dwRequestNotifications, dwPostRequestNotifications)
        is_met, _ = satisfies(self._settings, str(ffi.string(pszModulePreCondition)) if pszModulePreCondition else "")
        if is_met:
            self.found.append(module)
        return S_OK

    def SetPriorityForRequestNotification(
        self, pszModuleName: Any, dwRequestNotification: int, pszPriorityAlias: Any
    ) -> int:
        info = self._registered.get(str(ffi.string(pszModuleName))) if pszModuleName else None
        if info is None:
            return ERROR_INVALID_PARAMETER
        return info.SetPriorityForRequestNotification(dwRequestNotification, pszPriorityAlias)
