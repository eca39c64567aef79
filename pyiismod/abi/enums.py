"""https://learn.microsoft.com/en-us/windows/win32/http/http-server-api-version-2-0-enumerations

Enumerations of Httpserv.h and http.h. Members are plain integers; a class is also the type of parameters and fields.
"""

from __future__ import annotations

ENUMS: dict[str, dict[str, int]] = {}
"""The enumerators of each enumeration, in declaration order."""


class Enumeration(int):
    """A 32-bit signed C enumeration; its members are the class attributes."""

    def __init_subclass__(cls) -> None:
        ENUMS[cls.__name__] = {name: value for name, value in vars(cls).items() if name[0] != "_"}


class REQUEST_NOTIFICATION_STATUS(Enumeration):
    """What a request handler returns."""

    RQ_NOTIFICATION_CONTINUE = 0
    RQ_NOTIFICATION_PENDING = 1
    RQ_NOTIFICATION_FINISH_REQUEST = 2


class GLOBAL_NOTIFICATION_STATUS(Enumeration):
    """What a global handler returns."""

    GL_NOTIFICATION_CONTINUE = 0
    GL_NOTIFICATION_HANDLED = 1


class CACHE_OPERATION(Enumeration):
    """For ``IHttpServer::DoCacheOperation``."""

    CACHE_OPERATION_RETRIEVE = 0
    CACHE_OPERATION_ADD = 1
    CACHE_OPERATION_DELETE = 2
    CACHE_OPERATION_FLUSH_PREFIX = 3
    CACHE_OPERATION_ENUM = 4


class HTTP_CONTEXT_INTERFACE_VERSION(Enumeration):
    """For ``IHttpContext::GetExtendedInterface``; it has no members."""


class HTTP_SERVER_INTERFACE_VERSION(Enumeration):
    """For ``IHttpServer::GetExtendedInterface``."""

    HTTP_SERVER_INTERFACE_V2 = 0
    HTTP_SERVER_INTERFACE_V3 = 1


class HTTP_HEADER_ID(Enumeration):
    """Known headers; from 20 on requests and responses use the same numbers for different headers."""

    HttpHeaderCacheControl = 0
    HttpHeaderConnection = 1
    HttpHeaderDate = 2
    HttpHeaderKeepAlive = 3
    HttpHeaderPragma = 4
    HttpHeaderTrailer = 5
    HttpHeaderTransferEncoding = 6
    HttpHeaderUpgrade = 7
    HttpHeaderVia = 8
    HttpHeaderWarning = 9
    HttpHeaderAllow = 10
    HttpHeaderContentLength = 11
    HttpHeaderContentType = 12
    HttpHeaderContentEncoding = 13
    HttpHeaderContentLanguage = 14
    HttpHeaderContentLocation = 15
    HttpHeaderContentMd5 = 16
    HttpHeaderContentRange = 17
    HttpHeaderExpires = 18
    HttpHeaderLastModified = 19
    HttpHeaderAccept = 20
    HttpHeaderAcceptCharset = 21
    HttpHeaderAcceptEncoding = 22
    HttpHeaderAcceptLanguage = 23
    HttpHeaderAuthorization = 24
    HttpHeaderCookie = 25
    HttpHeaderExpect = 26
    HttpHeaderFrom = 27
    HttpHeaderHost = 28
    HttpHeaderIfMatch = 29
    HttpHeaderIfModifiedSince = 30
    HttpHeaderIfNoneMatch = 31
    HttpHeaderIfRange = 32
    HttpHeaderIfUnmodifiedSince = 33
    HttpHeaderMaxForwards = 34
    HttpHeaderProxyAuthorization = 35
    HttpHeaderReferer = 36
    HttpHeaderRange = 37
    HttpHeaderTe = 38
    HttpHeaderTranslate = 39
    HttpHeaderUserAgent = 40
    HttpHeaderRequestMaximum = 41
    HttpHeaderAcceptRanges = 20
    HttpHeaderAge = 21
    HttpHeaderEtag = 22
    HttpHeaderLocation = 23
    HttpHeaderProxyAuthenticate = 24
    HttpHeaderRetryAfter = 25
    HttpHeaderServer = 26
    HttpHeaderSetCookie = 27
    HttpHeaderVary = 28
    HttpHeaderWwwAuthenticate = 29
    HttpHeaderResponseMaximum = 30
    HttpHeaderMaximum = 41


class HTTP_VERB(Enumeration):
    """Request methods."""

    HttpVerbUnparsed = 0
    HttpVerbUnknown = 1
    HttpVerbInvalid = 2
    HttpVerbOPTIONS = 3
    HttpVerbGET = 4
    HttpVerbHEAD = 5
    HttpVerbPOST = 6
    HttpVerbPUT = 7
    HttpVerbDELETE = 8
    HttpVerbTRACE = 9
    HttpVerbCONNECT = 10
    HttpVerbTRACK = 11
    HttpVerbMOVE = 12
    HttpVerbCOPY = 13
    HttpVerbPROPFIND = 14
    HttpVerbPROPPATCH = 15
    HttpVerbMKCOL = 16
    HttpVerbLOCK = 17
    HttpVerbUNLOCK = 18
    HttpVerbSEARCH = 19
    HttpVerbMaximum = 20


class HTTP_DATA_CHUNK_TYPE(Enumeration):
    """Where the bytes of an entity chunk are."""

    HttpDataChunkFromMemory = 0
    HttpDataChunkFromFileHandle = 1
    HttpDataChunkFromFragmentCache = 2
    HttpDataChunkFromFragmentCacheEx = 3
    HttpDataChunkTrailers = 4
    HttpDataChunkFromWinHttpFastForwarding = 5
    HttpDataChunkMaximum = 6


class HTTP_REQUEST_INFO_TYPE(Enumeration):
    """What ``HTTP_REQUEST_INFO::pInfo`` points to."""

    HttpRequestInfoTypeAuth = 0
    HttpRequestInfoTypeChannelBind = 1
    HttpRequestInfoTypeSslProtocol = 2
    HttpRequestInfoTypeSslTokenBindingDraft = 3
    HttpRequestInfoTypeSslTokenBinding = 4
    HttpRequestInfoTypeRequestTiming = 5
    HttpRequestInfoTypeTcpInfoV0 = 6
    HttpRequestInfoTypeRequestSizing = 7
    HttpRequestInfoTypeQuicStats = 8
    HttpRequestInfoTypeTcpInfoV1 = 9
    HttpRequestInfoTypeQuicStatsV2 = 10
    HttpRequestInfoTypeTcpInfoV2 = 11
    HttpRequestInfoTypeTransportIdleConnectionTimeout = 12
    HttpRequestInfoTypeDscpTag = 13
    HttpRequestInfoTypeInitialPacketTtl = 14


class HTTP_RESPONSE_INFO_TYPE(Enumeration):
    """What ``HTTP_RESPONSE_INFO::pInfo`` points to."""

    HttpResponseInfoTypeMultipleKnownHeaders = 0
    HttpResponseInfoTypeAuthenticationProperty = 1
    HttpResponseInfoTypeQoSProperty = 2
    HttpResponseInfoTypeChannelBind = 3


class HTTP_CACHE_POLICY_TYPE(Enumeration):
    """How long a response stays in a cache."""

    HttpCachePolicyNocache = 0
    HttpCachePolicyUserInvalidates = 1
    HttpCachePolicyTimeToLive = 2
    HttpCachePolicyMaximum = 3


class HTTP_LOG_DATA_TYPE(Enumeration):
    """Which struct begins with ``HTTP_LOG_DATA``."""

    HttpLogDataTypeFields = 0


class HTTP_AUTH_STATUS(Enumeration):
    """How kernel-mode authentication ended."""

    HttpAuthStatusSuccess = 0
    HttpAuthStatusNotAuthenticated = 1
    HttpAuthStatusFailure = 2


class HTTP_REQUEST_AUTH_TYPE(Enumeration):
    """Kernel-mode authentication schemes."""

    HttpRequestAuthTypeNone = 0
    HttpRequestAuthTypeBasic = 1
    HttpRequestAuthTypeDigest = 2
    HttpRequestAuthTypeNTLM = 3
    HttpRequestAuthTypeNegotiate = 4
    HttpRequestAuthTypeKerberos = 5


class HTTP_REQUEST_PROPERTY(Enumeration):
    """For ``IHttpServer3::QueryRequestProperty``."""

    HttpRequestPropertyIsb = 0
    HttpRequestPropertyTcpInfoV0 = 1
    HttpRequestPropertyQuicStats = 2
    HttpRequestPropertyTcpInfoV1 = 3
    HttpRequestPropertySni = 4
    HttpRequestPropertyStreamError = 5
    HttpRequestPropertyWskApiTimings = 6
    HttpRequestPropertyQuicApiTimings = 7
    HttpRequestPropertyQuicStatsV2 = 8
    HttpRequestPropertyQuicStreamStats = 9
    HttpRequestPropertyTcpInfoV2 = 10
    HttpRequestPropertyTlsClientHello = 11
    HttpRequestPropertyTransportIdleConnectionTimeout = 12
    HttpRequestPropertyDscpTag = 13
    HttpRequestPropertyTlsCipherInfo = 14


class HTTP_TRACE_TYPE(Enumeration):
    """Type of a trace event item."""

    HTTP_TRACE_TYPE_BYTE = 17
    HTTP_TRACE_TYPE_USHORT = 18
    HTTP_TRACE_TYPE_ULONG = 19
    HTTP_TRACE_TYPE_ULONGLONG = 21
    HTTP_TRACE_TYPE_CHAR = 16
    HTTP_TRACE_TYPE_SHORT = 2
    HTTP_TRACE_TYPE_LONG = 3
    HTTP_TRACE_TYPE_LONGLONG = 20
    HTTP_TRACE_TYPE_LPCWSTR = 31
    HTTP_TRACE_TYPE_LPCSTR = 30
    HTTP_TRACE_TYPE_LPCGUID = 72
    HTTP_TRACE_TYPE_BOOL = 11
