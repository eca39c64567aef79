"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-interface

The worker process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import NULL, Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.cache import IHttpCacheKey, IHttpCacheSpecificData
    from pyiismod.abi.enums import (
        CACHE_OPERATION,
        GLOBAL_NOTIFICATION_STATUS,
        HTTP_REQUEST_PROPERTY,
        HTTP_SERVER_INTERFACE_VERSION,
    )
    from pyiismod.abi.file import IHttpFileInfo, IHttpFileMonitor
    from pyiismod.abi.http_structs import HTTP_DATA_CHUNK
    from pyiismod.abi.metadata import IReferencedMetadataInfo
    from pyiismod.abi.providers import ICustomNotificationProvider
    from pyiismod.abi.site import IHttpPerfCounterInfo
    from pyiismod.abi.stored_context import IDispensedHttpModuleContextContainer
    from pyiismod.abi.trace import IHttpTraceContext
    from pyiismod.abi.types import (
        BOOL,
        BYTE,
        DWORD,
        HANDLE,
        HRESULT,
        HTTP_OPAQUE_ID,
        LPOVERLAPPED,
        LPOVERLAPPED_COMPLETION_ROUTINE,
        PCWSTR,
        PSID,
        PSOCKADDR,
        PULONG,
        PVOID,
        ULONG,
        ConstRef,
        IAppHostAdminManager,
        IWorkerProcessFramework,
        Nullable,
        Out,
        Ptr,
    )
    from pyiismod.abi.user import IHttpTokenEntry
    from pyiismod.abi.win_structs import GUID
    from pyiismod.abi.wpframework import IWpfSettings


class IHttpServer(Interface, iid="eda2a40f-fb92-4d6d-b52b-c8c207380b4e", implemented_by="host", first_seen="iis7.0"):
    """The worker process."""

    @slot(0, const=True)
    def IsCommandLineLaunch(self) -> BOOL: ...

    @slot(1, const=True)
    def GetAppPoolName(self) -> PCWSTR: ...

    @slot(2)
    def AssociateWithThreadPool(
        self, hHandle: HANDLE, completionRoutine: LPOVERLAPPED_COMPLETION_ROUTINE
    ) -> HRESULT: ...

    @slot(3)
    def IncrementThreadCount(self) -> None: ...

    @slot(4)
    def DecrementThreadCount(self) -> None: ...

    @slot(5)
    def ReportUnhealthy(self, pszReasonString: PCWSTR, hrReason: HRESULT) -> None: ...

    @slot(6)
    def RecycleProcess(self, pszReason: PCWSTR) -> None: ...

    @slot(7, const=True)
    def GetAdminManager(self) -> Ptr[IAppHostAdminManager]: ...

    @slot(8)
    def GetFileInfo(
        self,
        pszPhysicalPath: PCWSTR,
        hUserToken: HANDLE,
        pSid: PSID,
        pszChangeNotificationPath: PCWSTR,
        hChangeNotificationToken: HANDLE,
        fCache: BOOL,
        ppFileInfo: Out[Ptr[Ptr[IHttpFileInfo]]],
        pHttpTraceContext: Nullable[Ptr[IHttpTraceContext]] = NULL,
    ) -> HRESULT: ...

    @slot(9)
    def FlushKernelCache(self, pszUrl: PCWSTR) -> HRESULT: ...

    @slot(10)
    def DoCacheOperation(
        self,
        cacheOperation: CACHE_OPERATION,
        pCacheKey: Ptr[IHttpCacheKey],
        ppCacheSpecificData: Out[Ptr[Ptr[IHttpCacheSpecificData]]],
        pHttpTraceContext: Nullable[Ptr[IHttpTraceContext]] = NULL,
    ) -> HRESULT: ...

    @slot(11)
    def NotifyCustomNotification(
        self, pCustomOutput: Ptr[ICustomNotificationProvider]
    ) -> GLOBAL_NOTIFICATION_STATUS: ...

    @slot(12)
    def GetPerfCounterInfo(self) -> Ptr[IHttpPerfCounterInfo]: ...

    @slot(13)
    def RecycleApplication(self, pszAppConfigPath: PCWSTR) -> None: ...

    @slot(14)
    def NotifyConfigurationChange(self, pszPath: PCWSTR) -> None: ...

    @slot(15)
    def NotifyFileChange(self, pszFileName: PCWSTR) -> None: ...

    @slot(16)
    def DispenseContainer(self) -> Ptr[IDispensedHttpModuleContextContainer]: ...

    @slot(17)
    def AddFragmentToCache(self, pDataChunk: Ptr[HTTP_DATA_CHUNK], pszFragmentName: PCWSTR) -> HRESULT: ...

    @slot(18)
    def ReadFragmentFromCache(
        self, pszFragmentName: PCWSTR, pvBuffer: Out[Ptr[BYTE]], cbSize: DWORD, pcbCopied: Out[Ptr[DWORD]]
    ) -> HRESULT: ...

    @slot(19)
    def RemoveFragmentFromCache(self, pszFragmentName: PCWSTR) -> HRESULT: ...

    @slot(20)
    def GetWorkerProcessSettings(self, ppWorkerProcessSettings: Out[Ptr[Ptr[IWpfSettings]]]) -> HRESULT: ...

    @slot(21)
    def GetProtocolManagerCustomInterface(
        self,
        pProtocolManagerDll: PCWSTR,
        pProtocolManagerDllInitFunction: PCWSTR,
        dwCustomInterfaceId: DWORD,
        ppCustomInterface: Out[Ptr[PVOID]],
    ) -> HRESULT: ...

    @slot(22, const=True)
    def SatisfiesPrecondition(self, pszPrecondition: PCWSTR, pfUnknownPrecondition: Out[Ptr[BOOL]] = NULL) -> BOOL: ...

    @slot(23, const=True)
    def GetTraceContext(self) -> Ptr[IHttpTraceContext]: ...

    @slot(24)
    def RegisterFileChangeMonitor(
        self, pszPath: PCWSTR, hToken: HANDLE, ppFileMonitor: Out[Ptr[Ptr[IHttpFileMonitor]]]
    ) -> HRESULT: ...

    @slot(25)
    def GetExtendedInterface(self, version: HTTP_SERVER_INTERFACE_VERSION, ppInterface: Out[Ptr[PVOID]]) -> HRESULT: ...


class IHttpServer2(IHttpServer, iid="34af637e-afe8-4556-bcc1-767f8e0b4a4e", implemented_by="host", first_seen="iis7.5"):
    """Adds tokens, metadata and the way from an interface to its later versions."""

    @slot(26)
    def GetToken(
        self,
        pszUserName: PCWSTR,
        pszPassword: PCWSTR,
        dwLogonMethod: DWORD,
        ppTokenEntry: Out[Ptr[Ptr[IHttpTokenEntry]]],
        pszDefaultDomain: Nullable[PCWSTR] = NULL,
        pSockAddr: Nullable[PSOCKADDR] = NULL,
        pHttpTraceContext: Nullable[Ptr[IHttpTraceContext]] = NULL,
    ) -> HRESULT: ...

    @slot(27, const=True)
    def GetAppPoolConfigFile(self, pcchConfigFilePath: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(28, name="GetExtendedInterface")
    def GetExtendedInterface_iid(
        self, Version1: ConstRef[GUID], pInput: PVOID, Version2: ConstRef[GUID], ppOutput: Out[Ptr[PVOID]]
    ) -> HRESULT: ...

    @slot(29)
    def GetMetadata(
        self, pszSiteName: PCWSTR, pszUrl: PCWSTR, ppMetadataInfo: Out[Ptr[Ptr[IReferencedMetadataInfo]]]
    ) -> HRESULT: ...

    @slot(30)
    def GetWorkerProcessFramework(
        self, ppWorkerProcessFramework: Out[Ptr[Ptr[IWorkerProcessFramework]]]
    ) -> HRESULT: ...


class IHttpServer3(
    IHttpServer2, iid="f7a66d59-c0a2-48b5-a88f-be5975c960fb", implemented_by="host", first_seen="sdk10.0.19041"
):
    """Adds request properties."""

    @slot(31)
    def QueryRequestProperty(
        self,
        id: HTTP_OPAQUE_ID,
        propertyId: HTTP_REQUEST_PROPERTY,
        pQualifier: Nullable[PVOID],
        qualifierSize: ULONG,
        pOutput: Nullable[Out[PVOID]],
        outputBufferSize: ULONG,
        pcbBytesReturned: Nullable[Out[PULONG]],
        pOverlapped: LPOVERLAPPED,
    ) -> HRESULT: ...
