"""An ``HTTP_REQUEST`` out of a request on the wire, built in one piece (fact sheet 5.11).

One block of request memory holds the struct, its arrays, its addresses and every string. It is put together as bytes
and copied once: to set a hundred fields one by one would cost more than all the rest of a request. Offsets and sizes
are cffi's, so they are declared once. Every string is NUL-terminated and private to the request.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from functools import lru_cache
from typing import Any, NamedTuple

from pyiismod.abi.constants import AF_INET as WINDOWS_AF_INET
from pyiismod.abi.constants import AF_INET6 as WINDOWS_AF_INET6
from pyiismod.abi.constants import HTTP_REQUEST_FLAG_MORE_ENTITY_BODY_EXISTS
from pyiismod.abi.enums import ENUMS, HTTP_VERB
from pyiismod.abi.headers import REQUEST_HEADER_NAMES
from pyiismod.host._abi import ffi
from pyiismod.host.fields import KNOWN_HEADER, UNKNOWN_HEADER, UNKNOWN_HEADER_SIZE, Fields
from pyiismod.host.headers import HeaderTable
from pyiismod.host.incoming import Incoming
from pyiismod.host.memory import RequestPool
from pyiismod.host.url import Url

HEADERS = HeaderTable(REQUEST_HEADER_NAMES)
VERBS = {name[8:].encode(): value for name, value in ENUMS["HTTP_VERB"].items() if name[8:].isupper()}
VERB_UNKNOWN = HTTP_VERB.HttpVerbUnknown

_COOKIE = HEADERS.ids[b"cookie"]


_HEAD = Fields(
    "HTTP_REQUEST",
    *("Flags", "ConnectionId", "RequestId", "UrlContext", "Version.MajorVersion", "Version.MinorVersion", "Verb"),
    *("UnknownVerbLength", "RawUrlLength", "pUnknownVerb", "pRawUrl"),
    *("CookedUrl.FullUrlLength", "CookedUrl.HostLength", "CookedUrl.AbsPathLength", "CookedUrl.QueryStringLength"),
    *("CookedUrl.pFullUrl", "CookedUrl.pHost", "CookedUrl.pAbsPath", "CookedUrl.pQueryString"),
    *("Address.pRemoteAddress", "Address.pLocalAddress", "Headers.UnknownHeaderCount", "Headers.pUnknownHeaders"),
)
_TAIL = Fields("HTTP_REQUEST", "BytesReceived", "EntityChunkCount", "pEntityChunks", "RawConnectionId")
_CHUNK = Fields("HTTP_DATA_CHUNK", "DataChunkType", "FromMemory.pBuffer", "FromMemory.BufferLength")
_SIZE = ffi.sizeof("HTTP_REQUEST")
_KNOWN_AT, _KNOWN_SIZE = ffi.offsetof("HTTP_REQUEST", "Headers", "KnownHeaders"), ffi.sizeof("HTTP_KNOWN_HEADER")
_CHUNK_SIZE = ffi.sizeof("HTTP_DATA_CHUNK")
_ADDRESS_SIZE = 32  # room for a SOCKADDR_IN6

_request_pointer = ffi.typeof("HTTP_REQUEST *")
_uintptr = ffi.typeof("uintptr_t")


class Built(NamedTuple):
    """A struct in request memory, and the body: (pointer, size) of what is there, and the bytes of the rest."""

    raw: Any
    preloaded: tuple[Any, int]
    rest: bytes


def build(pool: RequestPool, incoming: Incoming, read_ahead: int) -> Built:
    """Return the native form of a request; ``read_ahead`` bytes of its body arrive with the headers."""
    url, method = incoming.url, incoming.method.encode("latin-1")
    known, unknown = _sort(incoming.headers)
    if incoming.expects_continue:
        read_ahead = 0
    preloaded, rest = incoming.body[:read_ahead], incoming.body[read_ahead:]
    is_more = rest or incoming.rest is not None
    verb = VERBS.get(method, VERB_UNKNOWN)

    # Behind the struct: what needs alignment first, then the strings.
    unknown_at = _SIZE
    chunk_at = unknown_at + len(unknown) * UNKNOWN_HEADER_SIZE
    addresses_at = chunk_at + (_CHUNK_SIZE if preloaded else 0)
    made = bytearray(addresses_at + 2 * _ADDRESS_SIZE)
    made[addresses_at : addresses_at + _ADDRESS_SIZE] = _address(*incoming.remote)
    made[addresses_at + _ADDRESS_SIZE :] = _address(*incoming.local)

    def put(text: bytes) -> int:
        at = len(made)
        made.extend(text)
        made.append(0)
        return at

    full_at, (full, host, path, query) = len(made), _cooked(url)
    made += url.full.encode("utf-16-le", "surrogatepass")
    made += b"\0\0"
    target = url.target.encode("latin-1")
    target_at = put(target)
    verb_at = put(method) if verb == VERB_UNKNOWN else 0
    known_at = [(header, put(value), len(value)) for header, value in known.items()]
    unknown_strings = [(put(name), len(name), put(value), len(value)) for name, value in unknown]
    body_at = put(preloaded)

    block, view, offset = pool.reserve(len(made))
    base = int(ffi.cast(_uintptr, block))
    _HEAD.write(
        made,
        *(HTTP_REQUEST_FLAG_MORE_ENTITY_BODY_EXISTS if is_more else 0, incoming.connection_id, incoming.request_id, 1),
        *(*incoming.version, verb, len(method) if verb_at else 0, len(target)),
        *(base + verb_at if verb_at else 0, base + target_at),
        *(full, path - host, query - path, full - query),
        *(base + full_at, base + full_at + host, base + full_at + path, base + full_at + query if full > query else 0),
        *(base + addresses_at, base + addresses_at + _ADDRESS_SIZE),
        *(len(unknown), base + unknown_at if unknown else 0),
    )
    chunks = (1, base + chunk_at) if preloaded else (0, 0)
    _TAIL.write(made, incoming.size, *chunks, incoming.connection_id)
    for header, at, size in known_at:
        KNOWN_HEADER.write(made, size, base + at, at=_KNOWN_AT + header * _KNOWN_SIZE)
    for i, (name_at, name_size, value_at, size) in enumerate(unknown_strings):
        at = unknown_at + i * UNKNOWN_HEADER_SIZE
        UNKNOWN_HEADER.write(made, name_size, size, base + name_at, base + value_at, at=at)
    if preloaded:
        _CHUNK.write(made, 0, base + body_at, len(preloaded), at=chunk_at)
    view[offset : offset + len(made)] = made
    return Built(ffi.cast(_request_pointer, block), (block + body_at, len(preloaded)), rest)


def guard(raw: Any, pool: RequestPool) -> None:
    """Put what modules read beyond its length behind guard pages: parts of the URL, and the preloaded body.

    Only the last part of ``CookedUrl`` is terminated (fact sheet 5.11): a copy of path and query without that NUL lies
    right before a guard page, and ``pAbsPath`` points to it. The body has no NUL either.
    """
    url = raw.CookedUrl
    if url.QueryStringLength:
        size = url.AbsPathLength + url.QueryStringLength
        text = bytes(ffi.buffer(url.pAbsPath, size))
        url.pAbsPath = ffi.cast("WCHAR *", pool.guarded(text, "CookedUrl.pAbsPath"))
    for i in range(raw.EntityChunkCount):
        memory = raw.pEntityChunks[i].FromMemory
        body = bytes(ffi.buffer(memory.pBuffer, memory.BufferLength))
        memory.pBuffer = pool.guarded(body, "HTTP_REQUEST.pEntityChunks")


def show(url: Url, raw: Any, pool: RequestPool) -> None:
    """Make ``url`` that of a raw request."""
    target = url.target.encode("latin-1")
    raw.pRawUrl, raw.RawUrlLength = pool.data(target), len(target)
    text = pool.wide(url.full)
    full, host, path, query = _cooked(url)
    cooked = raw.CookedUrl
    cooked.pFullUrl, cooked.FullUrlLength = text, full
    cooked.pHost, cooked.HostLength = text + host // 2, path - host
    cooked.pAbsPath, cooked.AbsPathLength = text + path // 2, query - path
    cooked.pQueryString, cooked.QueryStringLength = text + query // 2 if full > query else ffi.NULL, full - query


def _sort(lines: list[tuple[str, str]]) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Split headers as http.sys does: known ones are joined, unknown ones stay lines of their own."""
    known: dict[int, bytes] = {}
    unknown = []
    for text, value_text in lines:
        name, value = text.encode("latin-1"), value_text.encode("latin-1")
        header = HEADERS.ids.get(name.lower())
        if header is None:
            unknown.append((name, value))
        elif known.get(header):
            known[header] += (b"; " if header == _COOKIE else b", ") + value
        else:
            known[header] = value
    return known, unknown


def _cooked(url: Url) -> tuple[int, int, int, int]:
    """Return where in the full URL, in bytes of UTF-16, it ends, and host, path and query begin."""
    host = 2 * (len(url.scheme) + 3)
    path = host + 2 * len(f"{url.host}:{url.port}")
    query = path + _size(url.path)
    return query + _size(url.query), host, path, query


def _size(text: str) -> int:
    return 2 * len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass"))


@lru_cache(maxsize=256)
def _address(name: str, port: int) -> bytes:
    """Return a SOCKADDR_IN or SOCKADDR_IN6 as bytes, padded."""
    if ":" in name:
        v6 = ffi.new("SOCKADDR_IN6 *")
        v6.sin6_family, v6.sin6_port = WINDOWS_AF_INET6, _network_order(port)
        ffi.memmove(ffi.addressof(v6, "sin6_addr"), inet_pton(AF_INET6, name), 16)
        return bytes(ffi.buffer(v6)).ljust(_ADDRESS_SIZE, b"\0")
    v4 = ffi.new("SOCKADDR_IN *")
    v4.sin_family, v4.sin_port = WINDOWS_AF_INET, _network_order(port)
    ffi.memmove(ffi.addressof(v4, "sin_addr"), inet_pton(AF_INET, name), 4)
    return bytes(ffi.buffer(v4)).ljust(_ADDRESS_SIZE, b"\0")


def _network_order(port: int) -> int:
    return int.from_bytes(port.to_bytes(2, "big"), "little")
