"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcontext-interface

One request on its way through the pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import FALSE, NULL, Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.application import IHttpApplication
    from pyiismod.abi.connection import IHttpConnection
    from pyiismod.abi.enums import HTTP_CONTEXT_INTERFACE_VERSION, REQUEST_NOTIFICATION_STATUS
    from pyiismod.abi.file import IHttpFileInfo
    from pyiismod.abi.metadata import IHttpUrlInfo, IMetadataInfo, IScriptMapInfo
    from pyiismod.abi.module import CHttpModule
    from pyiismod.abi.providers import ICustomNotificationProvider, IHttpEventProvider
    from pyiismod.abi.request import IHttpRequest
    from pyiismod.abi.response import IHttpResponse
    from pyiismod.abi.site import IHttpSite
    from pyiismod.abi.stored_context import IHttpModuleContextContainer, INamedContextContainer
    from pyiismod.abi.trace import IHttpTraceContext
    from pyiismod.abi.types import (
        BOOL,
        DWORD,
        HRESULT,
        LPOVERLAPPED_COMPLETION_ROUTINE,
        PCSTR,
        PCWSTR,
        PVOID,
        PWSTR,
        ULONGLONG,
        InOut,
        Out,
        Ptr,
        void,
    )
    from pyiismod.abi.user import IHttpUser


class IHttpContext(Interface, iid="424c1b8c-a1ba-44d7-ac98-9f8f457701a5", implemented_by="host", first_seen="iis7.0"):
    """One request."""

    @slot(0)
    def GetSite(self) -> Ptr[IHttpSite]: ...

    @slot(1)
    def GetApplication(self) -> Ptr[IHttpApplication]: ...

    @slot(2)
    def GetConnection(self) -> Ptr[IHttpConnection]: ...

    @slot(3)
    def GetRequest(self) -> Ptr[IHttpRequest]: ...

    @slot(4)
    def GetResponse(self) -> Ptr[IHttpResponse]: ...

    @slot(5, const=True)
    def GetResponseHeadersSent(self) -> BOOL: ...

    @slot(6, const=True)
    def GetUser(self) -> Ptr[IHttpUser]: ...

    @slot(7)
    def GetModuleContextContainer(self) -> Ptr[IHttpModuleContextContainer]: ...

    @slot(8)
    def IndicateCompletion(self, notificationStatus: REQUEST_NOTIFICATION_STATUS) -> None: ...

    @slot(9)
    def PostCompletion(self, cbBytes: DWORD) -> HRESULT: ...

    @slot(10)
    def DisableNotifications(self, dwNotifications: DWORD, dwPostNotifications: DWORD) -> None: ...

    @slot(11)
    def GetNextNotification(
        self,
        status: REQUEST_NOTIFICATION_STATUS,
        pdwNotification: Out[Ptr[DWORD]],
        pfIsPostNotification: Out[Ptr[BOOL]],
        ppModuleInfo: Out[Ptr[Ptr[CHttpModule]]],
        ppRequestOutput: Out[Ptr[Ptr[IHttpEventProvider]]],
    ) -> BOOL: ...

    @slot(12)
    def GetIsLastNotification(self, status: REQUEST_NOTIFICATION_STATUS) -> BOOL: ...

    @slot(13)
    def ExecuteRequest(
        self,
        fAsync: BOOL,
        pHttpContext: Ptr[IHttpContext],
        dwExecuteFlags: DWORD,
        pHttpUser: Ptr[IHttpUser],
        pfCompletionExpected: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...

    @slot(14, const=True)
    def GetExecuteFlags(self) -> DWORD: ...

    @slot(15, name="GetServerVariable")
    def GetServerVariable_a(
        self, pszVariableName: PCSTR, ppszValue: Out[Ptr[PCSTR]], pcchValueLength: Out[Ptr[DWORD]]
    ) -> HRESULT: ...

    @slot(16, name="GetServerVariable")
    def GetServerVariable_w(
        self, pszVariableName: PCSTR, ppszValue: Out[Ptr[PCWSTR]], pcchValueLength: Out[Ptr[DWORD]]
    ) -> HRESULT: ...

    @slot(17)
    def SetServerVariable(self, pszVariableName: PCSTR, pszVariableValue: PCWSTR) -> HRESULT: ...

    @slot(18)
    def AllocateRequestMemory(self, cbAllocation: DWORD) -> Ptr[void]: ...

    @slot(19)
    def GetUrlInfo(self) -> Ptr[IHttpUrlInfo]: ...

    @slot(20)
    def GetMetadata(self) -> Ptr[IMetadataInfo]: ...

    @slot(21)
    def GetPhysicalPath(self, pcchPhysicalPath: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(22, const=True)
    def GetScriptName(self, pcchScriptName: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(23)
    def GetScriptTranslated(self, pcchScriptTranslated: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(24, const=True)
    def GetScriptMap(self) -> Ptr[IScriptMapInfo]: ...

    @slot(25)
    def SetRequestHandled(self) -> None: ...

    @slot(26, const=True)
    def GetFileInfo(self) -> Ptr[IHttpFileInfo]: ...

    @slot(27)
    def MapPath(self, pszUrl: PCWSTR, pszPhysicalPath: InOut[PWSTR], pcbPhysicalPath: InOut[Ptr[DWORD]]) -> HRESULT: ...

    @slot(28)
    def NotifyCustomNotification(
        self, pCustomOutput: Ptr[ICustomNotificationProvider], pfCompletionExpected: Out[Ptr[BOOL]]
    ) -> HRESULT: ...

    @slot(29, const=True)
    def GetParentContext(self) -> Ptr[IHttpContext]: ...

    @slot(30, const=True)
    def GetRootContext(self) -> Ptr[IHttpContext]: ...

    @slot(31)
    def CloneContext(self, dwCloneFlags: DWORD, ppHttpContext: Out[Ptr[Ptr[IHttpContext]]]) -> HRESULT: ...

    @slot(32)
    def ReleaseClonedContext(self) -> HRESULT: ...

    @slot(33, const=True)
    def GetCurrentExecutionStats(
        self,
        pdwNotification: Out[Ptr[DWORD]],
        pdwNotificationStartTickCount: Out[Ptr[DWORD]] = NULL,
        ppszModule: Out[Ptr[PCWSTR]] = NULL,
        pdwModuleStartTickCount: Out[Ptr[DWORD]] = NULL,
        pdwAsyncNotification: Out[Ptr[DWORD]] = NULL,
        pdwAsyncNotificationStartTickCount: Out[Ptr[DWORD]] = NULL,
    ) -> HRESULT: ...

    @slot(34, const=True)
    def GetTraceContext(self) -> Ptr[IHttpTraceContext]: ...

    @slot(35)
    def GetServerVarChanges(
        self,
        dwOldChangeNumber: DWORD,
        pdwNewChangeNumber: Out[Ptr[DWORD]],
        pdwVariableSnapshot: InOut[Ptr[DWORD]],
        ppVariableNameSnapshot: InOut[Ptr[Ptr[PCSTR]]],
        ppVariableValueSnapshot: InOut[Ptr[Ptr[PCWSTR]]],
        pdwDiffedVariables: Out[Ptr[DWORD]],
        ppDiffedVariableIndices: Out[Ptr[Ptr[DWORD]]],
    ) -> HRESULT: ...

    @slot(36)
    def CancelIo(self) -> HRESULT: ...

    @slot(37)
    def MapHandler(
        self,
        dwSiteId: DWORD,
        pszSiteName: PCWSTR,
        pszUrl: PCWSTR,
        pszVerb: PCSTR,
        ppScriptMap: Out[Ptr[Ptr[IScriptMapInfo]]],
        fIgnoreWildcardMappings: BOOL = FALSE,
    ) -> HRESULT: ...

    @slot(38, deprecated=True)
    def GetExtendedInterface(
        self, version: HTTP_CONTEXT_INTERFACE_VERSION, ppInterface: Out[Ptr[PVOID]]
    ) -> HRESULT: ...


class IHttpContext2(
    IHttpContext, iid="c986182c-cf4a-4482-8205-0dbbc1fd6cee", implemented_by="host", first_seen="iis7.5"
):
    """Adds the original user."""

    @slot(39, const=True)
    def GetOriginalUser(self) -> Ptr[IHttpUser]: ...


class IHttpContext3(
    IHttpContext2, iid="bf53c022-ca4b-4349-a38e-a4b78ad897fb", implemented_by="host", first_seen="sdk8.1"
):
    """Adds named contexts, full duplex and completions with a callback."""

    @slot(40)
    def GetNamedContextContainer(self) -> Ptr[INamedContextContainer]: ...

    @slot(41)
    def EnableFullDuplex(self) -> None: ...

    @slot(42)
    def InheritServerVariable(self, szName: PCSTR, fFailIfNotExist: BOOL = FALSE) -> HRESULT: ...

    @slot(43, name="PostCompletion")
    def PostCompletion_callback(
        self, cbBytes: DWORD, pfnCompletionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE, pvCompletionContext: Ptr[void]
    ) -> HRESULT: ...


class IHttpContext4(
    IHttpContext3, iid="2c9463d8-4ec4-4622-8917-d486321a9443", implemented_by="host", first_seen="sdk10.0.14393"
):
    """Adds timing."""

    @slot(44)
    def GetRequestStartTime(self) -> ULONGLONG: ...

    @slot(45)
    def GetRequestElapsedTime(self) -> ULONGLONG: ...
