"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iwpfsettings-interface

The settings of the worker process, as the application pool's configuration gives them (fact sheet 5.4). Times are in
minutes, memory is in kilobytes, as there (unconfirmed).
"""

from __future__ import annotations

from typing import Any

from pyiismod.abi.enums import ENUMS
from pyiismod.abi.wpframework import (
    WPF_SETTINGS_BOOL_ENUM,
    WPF_SETTINGS_DWORD_ENUM,
    WPF_SETTINGS_HANDLE_ENUM,
    WPF_SETTINGS_STRING_ENUM,
    WPF_SETTINGS_ULONGLONG_ENUM,
    IWpfSettings,
)
from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline
from pyiismod.host.user import Tokens

_FRAMEWORK = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319"

_DEFAULTS: dict[str, dict[str, Any]] = {
    WPF_SETTINGS_STRING_ENUM.__name__: {
        "CLR_VERSION": "v4.0",
        "ROOT_WEB_CONFIG_FILE_NAME": f"{_FRAMEWORK}\\Config\\web.config",
        "CLR_CONFIG_FILE_NAME": "",
        "CLR_VERSION_PATH": _FRAMEWORK,
    },
    WPF_SETTINGS_DWORD_ENUM.__name__: {
        "PERIODIC_RESTART_REQUESTS": 0,
        "PERIODIC_RESTART_TIME": 1740,
        "IDLE_TIMEOUT": 20,
        "MANAGED_PIPELINE_MODE": 0,
        "THREAD_AFFINITY_POLICY": 0,
        "IDLE_TIMEOUT_ACTION": 0,
    },
    WPF_SETTINGS_ULONGLONG_ENUM.__name__: {
        "PERIODIC_RESTART_VIRTUAL_MEMORY": 0,
        "PERIODIC_RESTART_PRIVATE_MEMORY": 0,
    },
    WPF_SETTINGS_BOOL_ENUM.__name__: {"ENABLED_CENTRAL_BINARY_LOGGING": 0, "ENABLED_HOSTABLE_WEB_CORE": 0},
}
"""What applicationHost.config has when nobody has changed it; https://learn.microsoft.com/en-us/iis/configuration."""


class WorkerProcessSettings(NativeObject, IWpfSettings):
    """The settings of one worker process; the host owns it, whatever is counted.

    Args:
        settings: of the server.
        timeline: of the process.
    """

    def __init__(self, settings: Settings, timeline: Timeline) -> None:
        super().__init__(timeline)
        own: dict[str, str | int] = {"APP_POOL_NAME": settings.app_pool, "APP_HOST_FILE_NAME": settings.app_pool_config}
        own |= settings.worker_process
        self._values = {
            kind: {ENUMS[kind][name]: value for name, value in (values | own).items() if name in ENUMS[kind]}
            for kind, values in _DEFAULTS.items()
        }
        self._token = Tokens(None)
        self._references = 1

    def AddRef(self) -> int:
        self._references += 1
        return self._references

    def Release(self) -> int:
        self._references = max(self._references - 1, 1)
        return self._references

    def _get(self, kind: type[int], setting: int, pointer: Any) -> int:
        value = self._values[kind.__name__].get(setting)
        if value is None or not pointer:
            return ERROR_INVALID_PARAMETER
        pointer[0] = value
        return S_OK

    @configured
    def GetDwordProperty(self, SettingId: int, pdwSetting: Any) -> int:
        return self._get(WPF_SETTINGS_DWORD_ENUM, SettingId, pdwSetting)

    @configured
    def GetUlonglongProperty(self, SettingId: int, pSetting: Any) -> int:
        return self._get(WPF_SETTINGS_ULONGLONG_ENUM, SettingId, pSetting)

    @configured
    def GetStringProperty(self, SettingId: int, pszSetting: Any, pcchSetting: Any) -> int:
        text = self._values[WPF_SETTINGS_STRING_ENUM.__name__].get(SettingId)
        if text is None or not pcchSetting:
            return ERROR_INVALID_PARAMETER
        encoded = text.encode("utf-16-le") + b"\0\0"
        room, pcchSetting[0] = pcchSetting[0], len(encoded) // 2
        if not pszSetting or room < len(encoded) // 2:
            return ERROR_INSUFFICIENT_BUFFER
        ffi.memmove(pszSetting, encoded, len(encoded))
        return S_OK

    @configured
    def GetBoolProperty(self, SettingId: int, pfSetting: Any) -> int:
        return self._get(WPF_SETTINGS_BOOL_ENUM, SettingId, pfSetting)

    @configured
    def GetHandleProperty(self, SettingId: int, phSetting: Any) -> int:
        if SettingId != WPF_SETTINGS_HANDLE_ENUM.ANONYMOUS_USER_TOKEN or not phSetting:
            return ERROR_INVALID_PARAMETER
        phSetting[0] = self._token.get(win32.IMPERSONATION)
        return S_OK

    def end(self) -> None:
        """Close the token too."""
        self._token.close()
        super().end()
