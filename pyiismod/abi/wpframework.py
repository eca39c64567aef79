"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iwpfsettings-interface

The settings of the worker process: the part of Wpframework.h that ``IHttpServer::GetWorkerProcessSettings`` leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.enums import Enumeration
from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.types import BOOL, DWORD, HANDLE, HRESULT, PWSTR, ULONG, ULONGLONG, InOut, Nullable, Out, Ptr

HEADER = "wpframework.h"


class WPF_SETTINGS_STRING_ENUM(Enumeration):
    """For ``IWpfSettings::GetStringProperty``."""

    CLR_VERSION = 0
    APP_POOL_NAME = 1
    APP_HOST_FILE_NAME = 2
    ROOT_WEB_CONFIG_FILE_NAME = 3
    CLR_CONFIG_FILE_NAME = 4
    CLR_VERSION_PATH = 5


class WPF_SETTINGS_DWORD_ENUM(Enumeration):
    """For ``IWpfSettings::GetDwordProperty``."""

    PERIODIC_RESTART_REQUESTS = 1
    PERIODIC_RESTART_TIME = 2
    IDLE_TIMEOUT = 3
    MANAGED_PIPELINE_MODE = 4
    THREAD_AFFINITY_POLICY = 5
    IDLE_TIMEOUT_ACTION = 6


class WPF_SETTINGS_ULONGLONG_ENUM(Enumeration):
    """For ``IWpfSettings::GetUlonglongProperty``."""

    PERIODIC_RESTART_VIRTUAL_MEMORY = 0
    PERIODIC_RESTART_PRIVATE_MEMORY = 1


class WPF_SETTINGS_BOOL_ENUM(Enumeration):
    """For ``IWpfSettings::GetBoolProperty``."""

    ENABLED_CENTRAL_BINARY_LOGGING = 0
    ENABLED_HOSTABLE_WEB_CORE = 1


class WPF_SETTINGS_HANDLE_ENUM(Enumeration):
    """For ``IWpfSettings::GetHandleProperty``."""

    ANONYMOUS_USER_TOKEN = 0


class IWpfReferencedObject(Interface, implemented_by="host", first_seen="iis7.0", header=HEADER):
    """What the worker process framework hands out."""

    @slot(0)
    def AddRef(self) -> ULONG: ...

    @slot(1)
    def Release(self) -> ULONG: ...


class IWpfSettings(IWpfReferencedObject, implemented_by="host", first_seen="iis7.0", header=HEADER):
    """Settings of the application pool and the worker process."""

    @slot(2)
    def GetDwordProperty(self, SettingId: WPF_SETTINGS_DWORD_ENUM, pdwSetting: Out[Ptr[DWORD]]) -> HRESULT: ...

    @slot(3)
    def GetUlonglongProperty(
        self, SettingId: WPF_SETTINGS_ULONGLONG_ENUM, pSetting: Out[Ptr[ULONGLONG]]
    ) -> HRESULT: ...

    @slot(4)
    def GetStringProperty(
        self, SettingId: WPF_SETTINGS_STRING_ENUM, pszSetting: Nullable[Out[PWSTR]], pcchSetting: InOut[Ptr[DWORD]]
    ) -> HRESULT: ...

    @slot(5)
    def GetBoolProperty(self, SettingId: WPF_SETTINGS_BOOL_ENUM, pfSetting: Out[Ptr[BOOL]]) -> HRESULT: ...

    @slot(6)
    def GetHandleProperty(self, SettingId: WPF_SETTINGS_HANDLE_ENUM, phSetting: Out[Ptr[HANDLE]]) -> HRESULT: ...
