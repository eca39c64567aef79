"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/chttpmodule-class

The classes that a module implements: per request, per process, and the factory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.allocator import IModuleAllocator
    from pyiismod.abi.completion import IHttpCompletionInfo
    from pyiismod.abi.context import IHttpContext
    from pyiismod.abi.enums import GLOBAL_NOTIFICATION_STATUS, REQUEST_NOTIFICATION_STATUS
    from pyiismod.abi.global_providers import (
        ICacheProvider,
        IGlobalApplicationPreloadProvider,
        IGlobalConfigurationChangeProvider,
        IGlobalFileChangeProvider,
        IGlobalRSCAQueryProvider,
        IGlobalStopListeningProvider,
        IGlobalSuspendProcessCallback,
        IGlobalThreadCleanupProvider,
        IGlobalTraceEventProvider,
        IHttpApplicationResolveModulesProvider,
        IHttpApplicationStartProvider,
        IHttpApplicationStopProvider,
        IPreBeginRequestProvider,
    )
    from pyiismod.abi.providers import (
        IAuthenticationProvider,
        ICustomNotificationProvider,
        IHttpEventProvider,
        IMapHandlerProvider,
        IMapPathProvider,
        IReadEntityProvider,
        ISendResponseProvider,
    )
    from pyiismod.abi.types import BOOL, DWORD, HRESULT, Out, Ptr, unsigned_int, void


class CHttpModule(Interface, implemented_by="module", first_seen="iis7.0"):
    """A module object for one request. ``Dispose`` (slot 29) is the only right way for a host to let go of it;
    slot 30 is called by the module itself. Default handlers break into the debugger."""

    @slot(0, pure=False)
    def OnBeginRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(1, pure=False)
    def OnPostBeginRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(2, pure=False)
    def OnAuthenticateRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IAuthenticationProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(3, pure=False)
    def OnPostAuthenticateRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(4, pure=False)
    def OnAuthorizeRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(5, pure=False)
    def OnPostAuthorizeRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(6, pure=False)
    def OnResolveRequestCache(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(7, pure=False)
    def OnPostResolveRequestCache(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(8, pure=False)
    def OnMapRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IMapHandlerProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(9, pure=False)
    def OnPostMapRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(10, pure=False)
    def OnAcquireRequestState(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(11, pure=False)
    def OnPostAcquireRequestState(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(12, pure=False)
    def OnPreExecuteRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(13, pure=False)
    def OnPostPreExecuteRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(14, pure=False)
    def OnExecuteRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(15, pure=False)
    def OnPostExecuteRequestHandler(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(16, pure=False)
    def OnReleaseRequestState(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(17, pure=False)
    def OnPostReleaseRequestState(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(18, pure=False)
    def OnUpdateRequestCache(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(19, pure=False)
    def OnPostUpdateRequestCache(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(20, pure=False)
    def OnLogRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(21, pure=False)
    def OnPostLogRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(22, pure=False)
    def OnEndRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(23, pure=False)
    def OnPostEndRequest(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IHttpEventProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(24, pure=False)
    def OnSendResponse(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[ISendResponseProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(25, pure=False)
    def OnMapPath(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IMapPathProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(26, pure=False)
    def OnReadEntity(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[IReadEntityProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(27, pure=False)
    def OnCustomRequestNotification(
        self, pHttpContext: Ptr[IHttpContext], pProvider: Ptr[ICustomNotificationProvider]
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(28, pure=False)
    def OnAsyncCompletion(
        self,
        pHttpContext: Ptr[IHttpContext],
        dwNotification: DWORD,
        fPostNotification: BOOL,
        pProvider: Ptr[IHttpEventProvider],
        pCompletionInfo: Ptr[IHttpCompletionInfo],
    ) -> REQUEST_NOTIFICATION_STATUS: ...

    @slot(29, pure=False)
    def Dispose(self) -> None: ...

    @slot(30, name="~CHttpModule", pure=False, protected=True)
    def deleting_destructor(self, flags: unsigned_int) -> Ptr[void]: ...


class CGlobalModule(Interface, implemented_by="module", first_seen="iis7.0"):
    """A module object for the process. Older headers end after slot 14 (IIS 7.0) or 15 (IIS 7.5): call the last
    two only for notifications that the module asked for. Default handlers break into the debugger."""

    @slot(0, pure=False)
    def OnGlobalStopListening(self, pProvider: Ptr[IGlobalStopListeningProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(1, pure=False)
    def OnGlobalCacheCleanup(self) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(2, pure=False)
    def OnGlobalCacheOperation(self, pProvider: Ptr[ICacheProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(3, pure=False)
    def OnGlobalHealthCheck(self) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(4, pure=False)
    def OnGlobalConfigurationChange(
        self, pProvider: Ptr[IGlobalConfigurationChangeProvider]
    ) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(5, pure=False)
    def OnGlobalFileChange(self, pProvider: Ptr[IGlobalFileChangeProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(6, pure=False)
    def OnGlobalPreBeginRequest(self, pProvider: Ptr[IPreBeginRequestProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(7, pure=False)
    def OnGlobalApplicationStart(self, pProvider: Ptr[IHttpApplicationStartProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(8, pure=False)
    def OnGlobalApplicationResolveModules(
        self, pProvider: Ptr[IHttpApplicationResolveModulesProvider]
    ) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(9, pure=False)
    def OnGlobalApplicationStop(self, pProvider: Ptr[IHttpApplicationStopProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(10, pure=False)
    def OnGlobalRSCAQuery(self, pProvider: Ptr[IGlobalRSCAQueryProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(11, pure=False)
    def OnGlobalTraceEvent(self, pProvider: Ptr[IGlobalTraceEventProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(12, pure=False)
    def OnGlobalCustomNotification(self, pProvider: Ptr[ICustomNotificationProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(13)
    def Terminate(self) -> None: ...

    @slot(14, pure=False)
    def OnGlobalThreadCleanup(self, pProvider: Ptr[IGlobalThreadCleanupProvider]) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(15, pure=False, first_seen="iis7.5")
    def OnGlobalApplicationPreload(
        self, pProvider: Ptr[IGlobalApplicationPreloadProvider]
    ) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(16, pure=False, first_seen="sdk8.1")
    def OnSuspendProcess(
        self, pCallback: Out[Ptr[Ptr[IGlobalSuspendProcessCallback]]]
    ) -> GLOBAL_NOTIFICATION_STATUS: ...


class IHttpModuleFactory(
    Interface, iid="ba32d330-9ea8-4b9e-89f1-8c76a323277f", implemented_by="module", first_seen="iis7.0"
):
    """Makes module objects."""

    @slot(0)
    def GetHttpModule(self, ppModule: Out[Ptr[Ptr[CHttpModule]]], pAllocator: Ptr[IModuleAllocator]) -> HRESULT: ...

    @slot(1)
    def Terminate(self) -> None: ...
