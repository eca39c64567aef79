"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/iglobalstoplisteningprovider-interface

What a global notification handler gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import slot
from pyiismod.abi.providers import IHttpEventProvider

if TYPE_CHECKING:
    from pyiismod.abi.application import IHttpApplication
    from pyiismod.abi.cache import IHttpCacheKey, IHttpCacheSpecificData
    from pyiismod.abi.context import IHttpContext
    from pyiismod.abi.enums import CACHE_OPERATION
    from pyiismod.abi.file import IHttpFileMonitor
    from pyiismod.abi.module import IHttpModuleFactory
    from pyiismod.abi.trace import IHttpTraceContext
    from pyiismod.abi.trace_structs import HTTP_TRACE_EVENT
    from pyiismod.abi.types import BOOL, BYTE, DWORD, HRESULT, HTTP_MODULE_ID, PCWSTR, InOut, Out, Ptr
    from pyiismod.abi.user import IHttpUser


class IPreBeginRequestProvider(
    IHttpEventProvider, iid="fb715d26-aff9-476a-8fc0-6b1acb3d1098", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalPreBeginRequest``."""

    @slot(1)
    def GetHttpContext(self) -> Ptr[IHttpContext]: ...


class IHttpApplicationProvider(
    IHttpEventProvider, iid="1de2c71c-c126-4512-aed3-f4f885e14997", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalApplicationStart`` and ``OnGlobalApplicationStop``."""

    @slot(1)
    def GetApplication(self) -> Ptr[IHttpApplication]: ...


class IHttpApplicationResolveModulesProvider(
    IHttpApplicationProvider, iid="0617d9b9-e20f-4a9f-94f9-35403b3be01e", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalApplicationResolveModules``."""

    @slot(2)
    def RegisterModule(
        self,
        parentModuleId: HTTP_MODULE_ID,
        pModuleFactory: Ptr[IHttpModuleFactory],
        pszModuleName: PCWSTR,
        pszModuleType: PCWSTR,
        pszModulePreCondition: PCWSTR,
        dwRequestNotifications: DWORD,
        dwPostRequestNotifications: DWORD,
    ) -> HRESULT: ...

    @slot(3)
    def SetPriorityForRequestNotification(
        self, pszModuleName: PCWSTR, dwRequestNotification: DWORD, pszPriorityAlias: PCWSTR
    ) -> HRESULT: ...


class IGlobalRSCAQueryProvider(
    IHttpEventProvider, iid="63fdc43f-934a-4ee5-bcd8-7e7b50b75605", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalRSCAQuery``."""

    @slot(1, const=True)
    def GetFunctionName(self) -> PCWSTR: ...

    @slot(2, const=True)
    def GetFunctionParameters(self) -> PCWSTR: ...

    @slot(3)
    def GetOutputBuffer(self, cbBuffer: DWORD, ppbBuffer: Out[Ptr[Ptr[BYTE]]]) -> HRESULT: ...

    @slot(4)
    def ResizeOutputBuffer(
        self, cbNewBuffer: DWORD, cbBytesToCopy: DWORD, ppbBuffer: InOut[Ptr[Ptr[BYTE]]]
    ) -> HRESULT: ...

    @slot(5)
    def SetResult(self, cbData: DWORD, hr: HRESULT) -> None: ...


class IGlobalStopListeningProvider(
    IHttpEventProvider, iid="41f9a601-e25d-4ac8-8a1f-635698a30ab9", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalStopListening``."""

    @slot(1, const=True)
    def DrainRequestsGracefully(self) -> BOOL: ...


class ICacheProvider(
    IHttpEventProvider, iid="58925fb9-7c5e-4684-833b-4a04e1286690", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalCacheOperation``."""

    @slot(1, const=True)
    def GetCacheOperation(self) -> CACHE_OPERATION: ...

    @slot(2, const=True)
    def GetCacheKey(self) -> Ptr[IHttpCacheKey]: ...

    @slot(3, const=True)
    def GetCacheRecord(self) -> Ptr[IHttpCacheSpecificData]: ...

    @slot(4)
    def SetCacheRecord(self, pCacheRecord: Ptr[IHttpCacheSpecificData]) -> None: ...

    @slot(5, const=True)
    def GetTraceContext(self) -> Ptr[IHttpTraceContext]: ...


class IGlobalConfigurationChangeProvider(
    IHttpEventProvider, iid="3405f3b4-b3d6-4b73-b5f5-4d8a3cc642ce", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalConfigurationChange``."""

    @slot(1, const=True)
    def GetChangePath(self) -> PCWSTR: ...


class IGlobalFileChangeProvider(
    IHttpEventProvider, iid="ece31ee5-0486-4fb0-a875-6739a2d7daf5", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalFileChange``."""

    @slot(1, const=True)
    def GetFileName(self) -> PCWSTR: ...

    @slot(2)
    def GetFileMonitor(self) -> Ptr[IHttpFileMonitor]: ...


class IGlobalTraceEventProvider(
    IHttpEventProvider, iid="7c6bb150-0310-4718-a01f-6faceb62dc1d", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalTraceEvent``."""

    @slot(1)
    def GetTraceEvent(self, ppTraceEvent: Out[Ptr[Ptr[HTTP_TRACE_EVENT]]]) -> HRESULT: ...

    @slot(2)
    def CheckSubscription(self, ModuleId: HTTP_MODULE_ID) -> BOOL: ...

    @slot(3)
    def GetCurrentHttpRequestContext(self, ppHttpContext: Out[Ptr[Ptr[IHttpContext]]]) -> HRESULT: ...


class IGlobalThreadCleanupProvider(
    IHttpEventProvider, iid="6b36a149-8620-45a0-8197-00814a706e2e", implemented_by="host", first_seen="iis7.0"
):
    """For ``OnGlobalThreadCleanup``."""

    @slot(1)
    def GetApplication(self) -> Ptr[IHttpApplication]: ...


class IGlobalApplicationPreloadProvider(
    IHttpEventProvider, iid="2111f8d6-0c41-4ff7-bd45-5c04c7e91a73", implemented_by="host", first_seen="iis7.5"
):
    """For ``OnGlobalApplicationPreload``."""

    @slot(1)
    def CreateContext(self, ppHttpContext: Out[Ptr[Ptr[IHttpContext]]]) -> HRESULT: ...

    @slot(2)
    def ExecuteRequest(self, pHttpContext: Ptr[IHttpContext], pHttpUser: Ptr[IHttpUser]) -> HRESULT: ...


class IGlobalApplicationPreloadProvider2(
    IGlobalApplicationPreloadProvider,
    iid="251db2dd-81e7-44ce-ae02-46529f2d71ea",
    implemented_by="host",
    first_seen="sdk8.1",
):
    """Adds whether the process was recycled."""

    @slot(3, const=True)
    def IsProcessRecycled(self) -> BOOL: ...


class IGlobalSuspendProcessCallback(
    IHttpEventProvider, iid="7fd8f303-1031-4e50-918a-b7b916fd6c54", implemented_by="module", first_seen="sdk8.1"
):
    """Stored by the module in ``OnSuspendProcess``; the host calls ``Resume`` on it later."""

    @slot(1)
    def Resume(self) -> HRESULT: ...


IHttpApplicationStartProvider = IHttpApplicationProvider
IHttpApplicationStopProvider = IHttpApplicationProvider
