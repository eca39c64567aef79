"""https://learn.microsoft.com/en-us/windows/win32/api/http/ns-http-http_request_v2

The structs of http.h that requests and responses are made of, in the layout of the Windows SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.structs import Struct, Union

if TYPE_CHECKING:
    from typing import Literal

    from pyiismod.abi.enums import (
        HTTP_AUTH_STATUS,
        HTTP_CACHE_POLICY_TYPE,
        HTTP_DATA_CHUNK_TYPE,
        HTTP_HEADER_ID,
        HTTP_LOG_DATA_TYPE,
        HTTP_REQUEST_AUTH_TYPE,
        HTTP_REQUEST_INFO_TYPE,
        HTTP_RESPONSE_INFO_TYPE,
        HTTP_VERB,
    )
    from pyiismod.abi.types import (
        BOOLEAN,
        HANDLE,
        HTTP_AUTHENTICATION_HARDENING_LEVELS,
        HTTP_CONNECTION_ID,
        HTTP_RAW_CONNECTION_ID,
        HTTP_REQUEST_ID,
        HTTP_URL_CONTEXT,
        PCHAR,
        PCSTR,
        PCWSTR,
        PHTTP_DATA_CHUNK,
        PHTTP_KNOWN_HEADER,
        PHTTP_REQUEST_INFO,
        PHTTP_RESPONSE_INFO,
        PHTTP_SERVICE_BINDING_BASE,
        PHTTP_SSL_CLIENT_CERT_INFO,
        PHTTP_SSL_INFO,
        PHTTP_UNKNOWN_HEADER,
        PSOCKADDR,
        PUCHAR,
        PVOID,
        PWCHAR,
        PWSTR,
        SECURITY_STATUS,
        UCHAR,
        ULONG,
        ULONGLONG,
        USHORT,
        Array,
        Ptr,
    )
    from pyiismod.abi.win_structs import ULARGE_INTEGER


class HTTP_VERSION(Struct):
    """HTTP version."""

    MajorVersion: USHORT
    MinorVersion: USHORT


class HTTP_COOKED_URL(Struct):
    """The URL taken apart; lengths in bytes, the other three point into the full URL."""

    FullUrlLength: USHORT
    HostLength: USHORT
    AbsPathLength: USHORT
    QueryStringLength: USHORT
    pFullUrl: PCWSTR
    pHost: PCWSTR
    pAbsPath: PCWSTR
    pQueryString: PCWSTR


class HTTP_TRANSPORT_ADDRESS(Struct):
    """Both ends of the connection."""

    pRemoteAddress: PSOCKADDR
    pLocalAddress: PSOCKADDR


class HTTP_KNOWN_HEADER(Struct):
    """The value of a header that has an id; length in bytes without the terminating null."""

    RawValueLength: USHORT
    pRawValue: PCSTR


class HTTP_REQUEST_HEADERS(Struct):
    """Headers of a request."""

    UnknownHeaderCount: USHORT
    pUnknownHeaders: PHTTP_UNKNOWN_HEADER
    TrailerCount: USHORT
    pTrailers: PHTTP_UNKNOWN_HEADER
    KnownHeaders: Array[HTTP_KNOWN_HEADER, Literal[41]]


class HTTP_REQUEST_V1(Struct):
    """A request as http.sys delivers it."""

    Flags: ULONG
    ConnectionId: HTTP_CONNECTION_ID
    RequestId: HTTP_REQUEST_ID
    UrlContext: HTTP_URL_CONTEXT
    Version: HTTP_VERSION
    Verb: HTTP_VERB
    UnknownVerbLength: USHORT
    RawUrlLength: USHORT
    pUnknownVerb: PCSTR
    pRawUrl: PCSTR
    CookedUrl: HTTP_COOKED_URL
    Address: HTTP_TRANSPORT_ADDRESS
    Headers: HTTP_REQUEST_HEADERS
    BytesReceived: ULONGLONG
    EntityChunkCount: USHORT
    pEntityChunks: PHTTP_DATA_CHUNK
    RawConnectionId: HTTP_RAW_CONNECTION_ID
    pSslInfo: PHTTP_SSL_INFO


class HTTP_REQUEST_V2(HTTP_REQUEST_V1):
    """Adds optional information; this is what ``HTTP_REQUEST`` means."""

    RequestInfoCount: USHORT
    pRequestInfo: PHTTP_REQUEST_INFO


class HTTP_RESPONSE_HEADERS(Struct):
    """Headers of a response."""

    UnknownHeaderCount: USHORT
    pUnknownHeaders: PHTTP_UNKNOWN_HEADER
    TrailerCount: USHORT
    pTrailers: PHTTP_UNKNOWN_HEADER
    KnownHeaders: Array[HTTP_KNOWN_HEADER, Literal[30]]


class HTTP_RESPONSE_V1(Struct):
    """A response as http.sys takes it."""

    Flags: ULONG
    Version: HTTP_VERSION
    StatusCode: USHORT
    ReasonLength: USHORT
    pReason: PCSTR
    Headers: HTTP_RESPONSE_HEADERS
    EntityChunkCount: USHORT
    pEntityChunks: PHTTP_DATA_CHUNK


class HTTP_RESPONSE_V2(HTTP_RESPONSE_V1):
    """Adds optional information; this is what ``HTTP_RESPONSE`` means."""

    ResponseInfoCount: USHORT
    pResponseInfo: PHTTP_RESPONSE_INFO


class HTTP_UNKNOWN_HEADER(Struct):
    """Name and value of any other header; lengths in bytes without the terminating null."""

    NameLength: USHORT
    RawValueLength: USHORT
    pName: PCSTR
    pRawValue: PCSTR


class HTTP_MULTIPLE_KNOWN_HEADERS(Struct):
    """Several values of one known response header."""

    HeaderId: HTTP_HEADER_ID
    Flags: ULONG
    KnownHeaderCount: USHORT
    KnownHeaders: PHTTP_KNOWN_HEADER


class HTTP_BYTE_RANGE(Struct):
    """Part of a file; all ones as length means to its end."""

    StartingOffset: ULARGE_INTEGER
    Length: ULARGE_INTEGER


class HTTP_WINHTTP_FAST_FORWARDING_DATA(Struct):
    """Opaque."""

    Reserved: Array[UCHAR, Literal[16]]


class HTTP_DATA_CHUNK(Struct):
    """A piece of an entity body."""

    class _Source(Union):
        class _Memory(Struct):
            pBuffer: PVOID
            BufferLength: ULONG

        class _FileHandle(Struct):
            ByteRange: HTTP_BYTE_RANGE
            FileHandle: HANDLE

        class _FragmentCache(Struct):
            FragmentNameLength: USHORT
            pFragmentName: PCWSTR

        class _FragmentCacheEx(Struct):
            ByteRange: HTTP_BYTE_RANGE
            pFragmentName: PCWSTR

        class _Trailers(Struct):
            TrailerCount: USHORT
            pTrailers: PHTTP_UNKNOWN_HEADER

        class _WinHttpFastForwarding(Struct):
            WhFastForwardingData: HTTP_WINHTTP_FAST_FORWARDING_DATA

        FromMemory: _Memory
        FromFileHandle: _FileHandle
        FromFragmentCache: _FragmentCache
        FromFragmentCacheEx: _FragmentCacheEx
        Trailers: _Trailers
        FromWinHttpFastForwarding: _WinHttpFastForwarding

    DataChunkType: HTTP_DATA_CHUNK_TYPE
    _source: _Source


class HTTP_SSL_INFO(Struct):
    """TLS session of the connection."""

    ServerCertKeySize: USHORT
    ConnectionKeySize: USHORT
    ServerCertIssuerSize: ULONG
    ServerCertSubjectSize: ULONG
    pServerCertIssuer: PCSTR
    pServerCertSubject: PCSTR
    pClientCertInfo: PHTTP_SSL_CLIENT_CERT_INFO
    SslClientCertNegotiated: ULONG


class HTTP_SSL_CLIENT_CERT_INFO(Struct):
    """Client certificate."""

    CertFlags: ULONG
    CertEncodedSize: ULONG
    pCertEncoded: PUCHAR
    Token: HANDLE
    CertDeniedByMapper: BOOLEAN


class HTTP_REQUEST_INFO(Struct):
    """Optional information about a request."""

    InfoType: HTTP_REQUEST_INFO_TYPE
    InfoLength: ULONG
    pInfo: PVOID


class HTTP_RESPONSE_INFO(Struct):
    """Optional information about a response."""

    Type: HTTP_RESPONSE_INFO_TYPE
    Length: ULONG
    pInfo: PVOID


class HTTP_REQUEST_AUTH_INFO(Struct):
    """Outcome of kernel-mode authentication."""

    AuthStatus: HTTP_AUTH_STATUS
    SecStatus: SECURITY_STATUS
    Flags: ULONG
    AuthType: HTTP_REQUEST_AUTH_TYPE
    AccessToken: HANDLE
    ContextAttributes: ULONG
    PackedContextLength: ULONG
    PackedContextType: ULONG
    PackedContext: PVOID
    MutualAuthDataLength: ULONG
    pMutualAuthData: PCHAR
    PackageNameLength: USHORT
    pPackageName: PWSTR


class HTTP_CACHE_POLICY(Struct):
    """How a response may be cached."""

    Policy: HTTP_CACHE_POLICY_TYPE
    SecondsToLive: ULONG


class HTTP_LOG_DATA(Struct):
    """Begin of every log record."""

    Type: HTTP_LOG_DATA_TYPE


class HTTP_LOG_FIELDS_DATA(Struct):
    """One line of the log; lengths in bytes."""

    Base: HTTP_LOG_DATA
    UserNameLength: USHORT
    UriStemLength: USHORT
    ClientIpLength: USHORT
    ServerNameLength: USHORT
    ServiceNameLength: USHORT
    ServerIpLength: USHORT
    MethodLength: USHORT
    UriQueryLength: USHORT
    HostLength: USHORT
    UserAgentLength: USHORT
    CookieLength: USHORT
    ReferrerLength: USHORT
    UserName: PWCHAR
    UriStem: PWCHAR
    ClientIp: PCHAR
    ServerName: PCHAR
    ServiceName: PCHAR
    ServerIp: PCHAR
    Method: PCHAR
    UriQuery: PCHAR
    Host: PCHAR
    UserAgent: PCHAR
    Cookie: PCHAR
    Referrer: PCHAR
    ServerPort: USHORT
    ProtocolStatus: USHORT
    Win32Status: ULONG
    MethodNum: HTTP_VERB
    SubStatus: USHORT


class HTTP_CHANNEL_BIND_INFO(Struct):
    """Channel binding settings."""

    Hardening: HTTP_AUTHENTICATION_HARDENING_LEVELS
    Flags: ULONG
    ServiceNames: Ptr[PHTTP_SERVICE_BINDING_BASE]
    NumberOfServiceNames: ULONG


class HTTP_REQUEST_CHANNEL_BIND_STATUS(Struct):
    """Channel binding of a request."""

    ServiceName: PHTTP_SERVICE_BINDING_BASE
    ChannelToken: PUCHAR
    ChannelTokenSize: ULONG
    Flags: ULONG


HTTP_REQUEST = HTTP_REQUEST_V2
HTTP_RESPONSE = HTTP_RESPONSE_V2
