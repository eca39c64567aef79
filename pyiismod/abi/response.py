"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpresponse-interface

The response as a module sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import FALSE, NULL, S_OK, TRUE, Interface, slot

if TYPE_CHECKING:
    from typing import Literal

    from pyiismod.abi.cache import IHttpCachePolicy
    from pyiismod.abi.enums import HTTP_HEADER_ID
    from pyiismod.abi.http_structs import HTTP_DATA_CHUNK, HTTP_RESPONSE
    from pyiismod.abi.types import (
        BOOL,
        DWORD,
        HRESULT,
        LONG,
        PCSTR,
        PCWSTR,
        PFN_ASYNC_COMPLETION,
        ULONG,
        USHORT,
        Array,
        ConstPtr,
        IAppHostConfigException,
        InOut,
        Nullable,
        Out,
        Ptr,
        void,
    )


class IHttpResponse(Interface, iid="7e1c6b38-628f-4e6c-95dc-41237eb7f95e", implemented_by="host", first_seen="iis7.0"):
    """The response."""

    @slot(0, name="GetRawHttpResponse", const=True)
    def GetRawHttpResponse_const(self) -> ConstPtr[HTTP_RESPONSE]: ...

    @slot(1, name="GetRawHttpResponse")
    def GetRawHttpResponse_mutable(self) -> Ptr[HTTP_RESPONSE]: ...

    @slot(2)
    def GetCachePolicy(self) -> Ptr[IHttpCachePolicy]: ...

    @slot(3)
    def SetStatus(
        self,
        statusCode: USHORT,
        pszReason: PCSTR,
        uSubStatus: USHORT = 0,
        hrErrorToReport: HRESULT = S_OK,
        pException: Nullable[Ptr[IAppHostConfigException]] = NULL,
        fTrySkipCustomErrors: BOOL = FALSE,
    ) -> HRESULT: ...

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

    @slot(8, name="GetHeader", const=True)
    def GetHeader_id(self, ulHeaderIndex: HTTP_HEADER_ID, pcchHeaderValue: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(9, name="GetHeader", const=True)
    def GetHeader_name(self, pszHeaderName: PCSTR, pcchHeaderValue: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(10)
    def Clear(self) -> None: ...

    @slot(11)
    def ClearHeaders(self) -> None: ...

    @slot(12)
    def SetNeedDisconnect(self) -> None: ...

    @slot(13)
    def ResetConnection(self) -> None: ...

    @slot(14)
    def DisableKernelCache(self, reason: ULONG = 9) -> None: ...

    @slot(15, const=True)
    def GetKernelCacheEnabled(self) -> BOOL: ...

    @slot(16)
    def SuppressHeaders(self) -> None: ...

    @slot(17, const=True)
    def GetHeadersSuppressed(self) -> BOOL: ...

    @slot(18)
    def Flush(
        self, fAsync: BOOL, fMoreData: BOOL, pcbSent: Out[Ptr[DWORD]], pfCompletionExpected: Out[Ptr[BOOL]] = NULL
    ) -> HRESULT: ...

    @slot(19)
    def Redirect(self, pszUrl: PCSTR, fResetStatusCode: BOOL = TRUE, fIncludeParameters: BOOL = FALSE) -> HRESULT: ...

    @slot(20)
    def WriteEntityChunkByReference(self, pDataChunk: Ptr[HTTP_DATA_CHUNK], lInsertPosition: LONG = -1) -> HRESULT: ...

    @slot(21)
    def WriteEntityChunks(
        self,
        pDataChunks: Ptr[HTTP_DATA_CHUNK],
        nChunks: DWORD,
        fAsync: BOOL,
        fMoreData: BOOL,
        pcbSent: Out[Ptr[DWORD]],
        pfCompletionExpected: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...

    @slot(22)
    def DisableBuffering(self) -> None: ...

    @slot(23)
    def GetStatus(
        self,
        pStatusCode: Out[Ptr[USHORT]],
        pSubStatus: Out[Ptr[USHORT]] = NULL,
        ppszReason: Nullable[Out[Ptr[PCSTR]]] = NULL,
        pcchReason: Out[Ptr[USHORT]] = NULL,
        phrErrorToReport: Out[Ptr[HRESULT]] = NULL,
        ppszModule: Nullable[Out[Ptr[PCWSTR]]] = NULL,
        pdwNotification: Out[Ptr[DWORD]] = NULL,
        ppException: Nullable[Out[Ptr[Ptr[IAppHostConfigException]]]] = NULL,
        pfTrySkipCustomErrors: Out[Ptr[BOOL]] = NULL,
    ) -> None: ...

    @slot(24)
    def SetErrorDescription(
        self, pszDescription: PCWSTR, cchDescription: DWORD, fHtmlEncode: BOOL = TRUE
    ) -> HRESULT: ...

    @slot(25)
    def GetErrorDescription(self, pcchDescription: Out[Ptr[DWORD]] = NULL) -> PCWSTR: ...

    @slot(26)
    def GetHeaderChanges(
        self,
        dwOldChangeNumber: DWORD,
        pdwNewChangeNumber: Out[Ptr[DWORD]],
        knownHeaderSnapshot: InOut[Array[PCSTR, Literal[30]]],
        pdwUnknownHeaderSnapshot: InOut[Ptr[DWORD]],
        ppUnknownHeaderNameSnapshot: InOut[Ptr[Ptr[PCSTR]]],
        ppUnknownHeaderValueSnapshot: InOut[Ptr[Ptr[PCSTR]]],
        diffedKnownHeaderIndices: Out[Array[DWORD, Literal[31]]],
        pdwDiffedUnknownHeaders: Out[Ptr[DWORD]],
        ppDiffedUnknownHeaderIndices: Out[Ptr[Ptr[DWORD]]],
    ) -> HRESULT: ...

    @slot(27)
    def CloseConnection(self) -> None: ...


class IHttpResponse2(
    IHttpResponse, iid="0822c871-f14e-4974-a1e6-5b3c1f09b76a", implemented_by="host", first_seen="sdk8.1"
):
    """Adds writing and flushing with a callback."""

    @slot(28, name="WriteEntityChunks")
    def WriteEntityChunks_callback(
        self,
        pDataChunks: Ptr[HTTP_DATA_CHUNK],
        nChunks: DWORD,
        fAsync: BOOL,
        fMoreData: BOOL,
        pfnCompletionCallback: PFN_ASYNC_COMPLETION,
        pvCompletionContext: Ptr[void],
        pcbSent: Out[Ptr[DWORD]],
        pfCompletionExpected: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...

    @slot(29, name="Flush")
    def Flush_callback(
        self,
        fAsync: BOOL,
        fMoreData: BOOL,
        pfnCompletionCallback: PFN_ASYNC_COMPLETION,
        pvCompletionContext: Ptr[void],
        pcbSent: Out[Ptr[DWORD]],
        pfCompletionExpected: Out[Ptr[BOOL]] = NULL,
    ) -> HRESULT: ...


class IHttpResponse3(
    IHttpResponse2, iid="19578e49-d080-45da-b673-96cb475d3c5d", implemented_by="host", first_seen="sdk10.0.14393"
):
    """Adds HTTP/2 push."""

    @slot(30)
    def PushPromise(
        self,
        pszVerb: PCSTR,
        pwszPath: PCWSTR,
        pwszQuery: Nullable[PCWSTR],
        cHeaders: DWORD,
        rgHeaderNames: Nullable[Ptr[PCSTR]],
        rgHeaderValues: Nullable[Ptr[PCSTR]],
    ) -> HRESULT: ...


class IHttpResponse4(
    IHttpResponse3, iid="1a2acc57-cae2-4f28-b4ab-00c8f96b12ec", implemented_by="host", first_seen="sdk10.0.20348"
):
    """Adds trailers and stream resets."""

    @slot(31)
    def DeleteTrailer(self, pszHeaderName: PCSTR) -> HRESULT: ...

    @slot(32, const=True)
    def GetTrailer(self, pszHeaderName: PCSTR, pcchHeaderValue: Out[Ptr[USHORT]] = NULL) -> PCSTR: ...

    @slot(33)
    def ResetStream(self, errorCode: ULONG) -> None: ...

    @slot(34)
    def SetNeedGoAway(self) -> None: ...

    @slot(35)
    def SetTrailer(
        self, pszHeaderName: PCSTR, pszHeaderValue: PCSTR, cchHeaderValue: USHORT, fReplace: BOOL
    ) -> HRESULT: ...
