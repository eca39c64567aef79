"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttprequest-interface

The request as a module sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import NULL, Interface, slot

if TYPE_CHECKING:
    from typing import Literal

    from pyiismod.abi.enums import HTTP_HEADER_ID
    from pyiismod.abi.http_structs import HTTP_REQUEST, HTTP_SSL_CLIENT_CERT_INFO
    from pyiismod.abi.types import (
        BOOL,
        DWORD,
        HRESULT,
        PBYTE,
        PCSTR,
        PCWSTR,
        PFN_ASYNC_COMPLETION,
        PSOCKADDR,
        ULONG,
        USHORT,
        Array,
        ConstPtr,
        InOut,
        Out,
        Ptr,
        void,
    )


class IHttpRequest(Interface, iid="e8698f7e-576e-4cac-a309-67435355faef", implemented_by="host", first_seen="iis7.0"):
    """The request."""

    @slot(0, name="GetRawHttpRequest", const=True)
    def GetRawHttpRequest_const(self) -> ConstPtr[HTTP_REQUEST]: ...

    @slot(1, name="GetRawHttpRequest")
    def GetRawHttpRequest_mutable(self) -> Ptr[HTTP_REQUEST]: ...

    @slot(2, name="GetHeader", const=True)
    def GetHeader_id(self, ulHeaderIndex: HTTP_HEADER_ID, pcchHeaderValue: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(3, name="GetHeader", const=True)
    def GetHeader_name(self, pszHeaderName: PCSTR, pcchHeaderValue: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(4, name="SetHeader")
    def SetHeader_id(
        self, ulHeaderIndex: HTTP_HEADER_ID, pszHeaderValue: PCSTR, cchHeaderValue: USHORT, fReplace: BOOL
    ) -> HRESULT: ...

    @slot(5, name="SetHeader")
    def SetHeader_name(
        self, pszHeaderName: PCSTR, pszHeaderValue: PCSTR, cchHeaderValue: USHORT, fReplace: BOOL
    ) -> HRESULT: ...

    @slot(6, name="DeleteHeader")
    def DeleteHeader_id(self, ulHeaderIndex: HTTP_HEADER_ID) -> HRESULT: ...

    @slot(7, name="DeleteHeader")
    def DeleteHeader_name(self, pszHeaderName: PCSTR) -> HRESULT: ...

    @slot(8, const=True)
    def GetHttpMethod(self) -> PCSTR: ...

    @slot(9)
    def SetHttpMethod(self, pszHttpMethod: PCSTR) -> HRESULT: ...

    @slot(10, name="SetUrl")
    def SetUrl_a(self, pszUrl: PCSTR, cchUrl: DWORD, fResetQueryString: BOOL) -> HRESULT: ...

    @slot(11, name="SetUrl")
    def SetUrl_w(self, pszUrl: PCWSTR, cchUrl: DWORD, fResetQueryString: BOOL) -> HRESULT: ...

    @slot(12, const=True)
    def GetUrlChanged(self) -> BOOL: ...

    @slot(13, const=True)
    def GetForwardedUrl(self) -> PCWSTR: ...

    @slot(14, const=True)
    def GetLocalAddress(self) -> PSOCKADDR: ...

    @slot(15, const=True)
    def GetRemoteAddress(self) -> PSOCKADDR: ...

    @slot(16)
    def ReadEntityBody(
        self,
        pvBuffer: Out[Ptr[void]],
        cbBuffer: DWORD,
        fAsync: BOOL,
        pcbBytesReceived: Out[Ptr[DWORD]],
        pfCompletionPending: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...

    @slot(17)
    def InsertEntityBody(self, pvBuffer: Ptr[void], cbBuffer: DWORD) -> HRESULT: ...

    @slot(18)
    def GetRemainingEntityBytes(self) -> DWORD: ...

    @slot(19, const=True)
    def GetHttpVersion(self, pMajorVersion: Out[Ptr[USHORT]], pMinorVersion: Out[Ptr[USHORT]]) -> None: ...

    @slot(20)
    def GetClientCertificate(
        self, ppClientCertInfo: Out[Ptr[Ptr[HTTP_SSL_CLIENT_CERT_INFO]]], pfClientCertNegotiated: Out[Ptr[BOOL]]
    ) -> HRESULT: ...

    @slot(21)
    def NegotiateClientCertificate(self, fAsync: BOOL, pfCompletionPending: Out[Ptr[BOOL]] = NULL) -> HRESULT: ...

    @slot(22, const=True)
    def GetSiteId(self) -> DWORD: ...

    @slot(23)
    def GetHeaderChanges(
        self,
        dwOldChangeNumber: DWORD,
        pdwNewChangeNumber: Out[Ptr[DWORD]],
        knownHeaderSnapshot: InOut[Array[PCSTR, Literal[41]]],
        pdwUnknownHeaderSnapshot: InOut[Ptr[DWORD]],
        ppUnknownHeaderNameSnapshot: InOut[Ptr[Ptr[PCSTR]]],
        ppUnknownHeaderValueSnapshot: InOut[Ptr[Ptr[PCSTR]]],
        diffedKnownHeaderIndices: Out[Array[DWORD, Literal[42]]],
        pdwDiffedUnknownHeaders: Out[Ptr[DWORD]],
        ppDiffedUnknownHeaderIndices: Out[Ptr[Ptr[DWORD]]],
    ) -> HRESULT: ...


class IHttpRequest2(
    IHttpRequest, iid="d9244ae1-51f8-4aa1-a66d-19277c33e610", implemented_by="host", first_seen="iis7.5"
):
    """Adds the channel binding token."""

    @slot(24)
    def GetChannelBindingToken(self, ppToken: Out[Ptr[PBYTE]], pTokenSize: Out[Ptr[DWORD]]) -> HRESULT: ...


class IHttpRequest3(
    IHttpRequest2, iid="b32e4e0f-4057-4feb-aeab-7b69c03c6314", implemented_by="host", first_seen="sdk8.1"
):
    """Adds reading with a callback."""

    @slot(25, name="ReadEntityBody")
    def ReadEntityBody_callback(
        self,
        pvBuffer: Out[Ptr[void]],
        cbBuffer: DWORD,
        fAsync: BOOL,
        pfnCompletionCallback: PFN_ASYNC_COMPLETION,
        pvCompletionContext: Ptr[void],
        pcbBytesReceived: Out[Ptr[DWORD]],
        pfCompletionPending: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...


class IHttpRequest4(
    IHttpRequest3, iid="3816f517-f631-49f0-8b51-16d6f0c6ffb2", implemented_by="host", first_seen="sdk10.0.19041"
):
    """Adds reading with flags."""

    @slot(26, name="ReadEntityBody")
    def ReadEntityBody_flags(
        self,
        pvBuffer: Out[Ptr[void]],
        cbBuffer: DWORD,
        fAsync: BOOL,
        ulFlags: ULONG,
        pcbBytesReceived: Out[Ptr[DWORD]],
        pfCompletionPending: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...
