"""https://learn.microsoft.com/en-us/windows/win32/api/http/ne-http-http_header_id

Wire names of the headers that have an id; the id is the index. From 20 on requests and responses differ.
"""

from __future__ import annotations

REQUEST_HEADER_NAMES = (
    "Cache-Control",
    "Connection",
    "Date",
    "Keep-Alive",
    "Pragma",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Warning",
    "Allow",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-MD5",
    "Content-Range",
    "Expires",
    "Last-Modified",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cookie",
    "Expect",
    "From",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Referer",
    "Range",
    "TE",
    "Translate",
    "User-Agent",
)

RESPONSE_HEADER_NAMES = (
    "Cache-Control",
    "Connection",
    "Date",
    "Keep-Alive",
    "Pragma",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Warning",
    "Allow",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-MD5",
    "Content-Range",
    "Expires",
    "Last-Modified",
    "Accept-Ranges",
    "Age",
    "ETag",
    "Location",
    "Proxy-Authenticate",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "Vary",
    "WWW-Authenticate",
)

REQUEST_HEADER_IDS: dict[str, int] = {name.lower(): i for i, name in enumerate(REQUEST_HEADER_NAMES)}
"""Ids by lower-case name."""
RESPONSE_HEADER_IDS: dict[str, int] = {name.lower(): i for i, name in enumerate(RESPONSE_HEADER_NAMES)}
"""Ids by lower-case name."""
