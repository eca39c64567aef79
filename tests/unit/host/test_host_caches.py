"""The caches behind IHttpServer (fact sheet 5.4): fragments, modules' records, tokens; and IHttpCachePolicy (5.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from nativecall import (
    CONTINUE,
    FILE_NOT_FOUND,
    INSUFFICIENT_BUFFER,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    NULL,
    Host,
    Native,
    address,
    hr,
    make,
    of,
    read_wide,
    response_of,
    text,
    wide,
)
from stored import view

from pyiismod.host._abi import ffi

Open = Callable[..., Any]
PATH_NOT_FOUND, LOGON_FAILURE = hr(3), hr(1326)
RETRIEVE, ADD, DELETE, FLUSH_PREFIX, ENUM = range(5)


# --- fragments


def memory_chunk(data: bytes) -> tuple[Any, Any]:
    chunk, memory = ffi.new("HTTP_DATA_CHUNK *"), ffi.new("char[]", data)
    chunk.FromMemory.pBuffer, chunk.FromMemory.BufferLength = memory, len(data)
    return chunk, memory


def add(host: Host, name: str, data: bytes) -> int:
    chunk, _kept = memory_chunk(data)
    return int(of(host.iis.server).AddFragmentToCache(chunk, wide(name)))


def read(host: Host, name: str, room: int) -> tuple[int, bytes, int]:
    buffer, copied = ffi.new("BYTE[]", room + 8), ffi.new("DWORD *", 77)
    result = of(host.iis.server).ReadFragmentFromCache(wide(name), buffer, room, copied)
    assert not any(buffer[i] for i in range(room, room + 8))
    return result, ffi.buffer(buffer)[: copied[0]] if result == 0 else b"", copied[0]


def test_fragments_are_added_read_and_removed(host: Host) -> None:
    assert add(host, "http://x/a", b"some data") == 0
    assert read(host, "http://x/a", 9) == (0, b"some data", 9)
    assert read(host, "http://x/a", 8) == (INSUFFICIENT_BUFFER, b"", 9)
    assert read(host, "http://x/b", 9) == (PATH_NOT_FOUND, b"", 77)
    assert add(host, "http://x/a", b"") == 0
    assert read(host, "http://x/a", 9) == (0, b"", 0)
    remove = of(host.iis.server).RemoveFragmentFromCache
    assert [remove(wide("http://x/a")), remove(wide("http://x/a")), remove(NULL)] == [
        0,
        FILE_NOT_FOUND,
        INVALID_PARAMETER,
    ]


def test_fragments_with_odd_arguments(host: Host) -> None:
    server = of(host.iis.server)
    chunk, _kept = memory_chunk(b"x")
    assert server.AddFragmentToCache(NULL, wide("a")) == INVALID_PARAMETER
    assert server.AddFragmentToCache(chunk, NULL) == INVALID_PARAMETER
    chunk.FromMemory.pBuffer = NULL
    assert server.AddFragmentToCache(chunk, wide("a")) == INVALID_PARAMETER
    assert server.ReadFragmentFromCache(NULL, NULL, 0, ffi.new("DWORD *")) == INVALID_PARAMETER
    assert add(host, "a", b"data") == 0
    size = ffi.new("DWORD *")
    assert server.ReadFragmentFromCache(wide("a"), NULL, 100, size) == INSUFFICIENT_BUFFER
    assert size[0] == 4


_names: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def named_chunk(name: str, kind: int, start: int = 0, length: int = 0xFFFFFFFFFFFFFFFF) -> Any:
    chunk = ffi.new("HTTP_DATA_CHUNK *")
    _names[chunk] = pszName = wide(name)
    chunk.DataChunkType = kind
    if kind == 2:
        chunk.FromFragmentCache.pFragmentName = pszName
        chunk.FromFragmentCache.FragmentNameLength = 2 * len(name)
    else:
        chunk.FromFragmentCacheEx.pFragmentName = pszName
        chunk.FromFragmentCacheEx.ByteRange.StartingOffset.QuadPart = start
        chunk.FromFragmentCacheEx.ByteRange.Length.QuadPart = length
    return chunk


@pytest.mark.parametrize(
    ("chunk", "sent"),
    [
        (lambda: named_chunk("f", 2), b"0123456789"),
        (lambda: named_chunk("f", 3), b"0123456789"),
        (lambda: named_chunk("f", 3, 2, 3), b"234"),
        (lambda: named_chunk("f", 3, 8), b"89"),
        (lambda: named_chunk("f", 3, 80, 1), b""),
    ],
)
def test_a_response_sends_fragments_by_name(chunk: Callable[[], Any], sent: bytes, exchange: Open) -> None:
    x = exchange()
    x.process.fragments.add("f", b"0123456789")
    before, _kept = memory_chunk(b"[")
    for each in (before, chunk()):
        assert of(x.response).WriteEntityChunks(each, 1, 0, 1, NULL, NULL) == 0
    referenced = chunk()
    assert of(x.response).WriteEntityChunkByReference(referenced, 0) == 0
    x.send(more=False)
    assert b"".join(x.outgoing.body) == sent + b"[" + sent


def test_a_fragment_that_is_gone_is_a_violation(exchange: Open) -> None:
    x = exchange()
    assert of(x.response).WriteEntityChunks(named_chunk("gone", 2), 1, 0, 0, NULL, NULL) == 0
    x.send(more=False)
    assert b"".join(x.outgoing.body) == b""
    violations = [e.method for e in x.timeline.events if e.event == "violation"]
    assert violations == ["chunk 0 of the response names a fragment that is not in the cache: not sent"]


# --- the modules' own records


class Record:
    """A record and its key, as a module makes them: all of one bucket, so that equality decides."""

    def __init__(self, name: str, cache: str = "cache") -> None:
        self.name, self.references, self.flushed, self.seen = name, 0, False, []
        self._cache = wide(cache)
        self.key = make(
            "IHttpCacheKey",
            {
                "GetHash": lambda: 42,
                "GetCacheName": lambda: self._cache,
                "GetIsEqual": lambda other: RECORDS[address(other)].name == self.name,
                "GetIsPrefix": lambda other: RECORDS[address(other)].name.startswith(self.name),
                "Enum": lambda data: self.seen.append(RECORDS[address(data)].name),
            },
        )
        self.data = make(
            "IHttpCacheSpecificData",
            {
                "GetCacheKey": lambda: self.key,
                "ReferenceCacheData": lambda: self.count(1),
                "DereferenceCacheData": lambda: self.count(-1),
                "SetFlushed": lambda: setattr(self, "flushed", True),
            },
        )
        RECORDS[address(self.key)] = RECORDS[address(self.data)] = self

    def count(self, by: int) -> None:
        self.references += by


RECORDS: dict[int, Record] = {}


def operate(host: Host, operation: int, key: Any, record: Any = None) -> tuple[int, str | None]:
    out = ffi.new("void **", NULL if record is None else record)
    result = of(host.iis.server).DoCacheOperation(operation, key, out, NULL)
    return result, RECORDS[address(out[0])].name if out[0] and result == 0 else None


def test_records_are_added_retrieved_and_deleted(host: Host) -> None:
    a, b, probe = Record("a"), Record("b"), Record("a")
    assert operate(host, ADD, a.key, a.data) == (0, "a")
    assert operate(host, ADD, b.key, b.data) == (0, "b")
    assert (a.references, b.references) == (1, 1)
    assert operate(host, RETRIEVE, probe.key) == (0, "a")
    assert a.references == 2
    assert operate(host, DELETE, probe.key) == (0, None)
    assert (a.references, a.flushed, b.flushed) == (1, True, False)
    assert operate(host, RETRIEVE, probe.key) == (FILE_NOT_FOUND, None)
    assert operate(host, DELETE, probe.key) == (FILE_NOT_FOUND, None)


def test_an_equal_record_takes_the_place_of_the_old_one(host: Host) -> None:
    old, new = Record("a"), Record("a")
    assert operate(host, ADD, old.key, old.data)[0] == 0
    assert operate(host, ADD, new.key, new.data)[0] == 0
    assert (old.references, old.flushed, new.references) == (0, True, 1)


def test_a_prefix_flushes_what_begins_with_it(host: Host) -> None:
    records = [Record("/a"), Record("/a/b"), Record("/c"), Record("/a", cache="another")]
    for record in records:
        assert operate(host, ADD, record.key, record.data)[0] == 0
    assert operate(host, FLUSH_PREFIX, Record("/a").key)[0] == 0
    assert [record.flushed for record in records] == [True, True, False, False]


def test_a_key_sees_every_record_of_its_cache(host: Host) -> None:
    records = [Record("x"), Record("y"), Record("z", cache="another")]
    for record in records:
        assert operate(host, ADD, record.key, record.data)[0] == 0
    probe = Record("probe")
    assert operate(host, ENUM, probe.key)[0] == 0
    assert sorted(probe.seen) == ["x", "y"]


def test_the_end_of_the_process_flushes_all(host: Host) -> None:
    record = Record("a")
    assert operate(host, ADD, record.key, record.data)[0] == 0
    host.iis.process.end(host.timeline)
    assert (record.references, record.flushed) == (0, True)
    assert operate(host, RETRIEVE, record.key)[0] == FILE_NOT_FOUND


def test_cache_operations_that_cannot_be(host: Host) -> None:
    record, do = Record("a"), of(host.iis.server).DoCacheOperation
    assert operate(host, ADD, record.key)[0] == INVALID_PARAMETER
    assert do(ADD, NULL, ffi.new("void **"), NULL) == INVALID_PARAMETER
    assert do(RETRIEVE, record.key, NULL, NULL) == INVALID_PARAMETER
    assert do(DELETE, record.key, NULL, NULL) == FILE_NOT_FOUND
    assert do(9, record.key, ffi.new("void **"), NULL) == NOT_SUPPORTED


# --- tokens


def get_token(host: Host, name: Any, password: Any, domain: Any = NULL) -> tuple[int, Native | None]:
    out = ffi.new("void **")
    result = of(host.iis.server).GetToken(name, password, 3, out, domain, NULL, NULL)
    return result, view(out[0], "IHttpTokenEntry") if out[0] else None


def test_tokens_are_for_the_accounts_of_the_test() -> None:
    host = Host(accounts={"anna": "secret", "D\\berta": "Pw"})
    result, entry = get_token(host, wide("Anna"), wide("secret"))
    assert result == 0
    assert entry is not None
    assert ffi.buffer(ffi.cast("char *", entry.GetSid()), 2)[:] == b"\x01\x05"
    key = view(entry.GetCacheKey(), "IHttpCacheKey")
    assert read_wide(key.GetCacheName()) == "TOKEN"
    assert get_token(host, wide("berta"), wide("Pw"), wide("D"))[0] == 0
    for name, password in (("anna", "Secret"), ("nobody", "secret"), ("berta", "Pw")):
        assert get_token(host, wide(name), wide(password)) == (LOGON_FAILURE, None)
    assert get_token(host, NULL, wide("x"))[0] == INVALID_PARAMETER


# --- cache policy


def policy(x: Any) -> Native:
    return view(of(x.response).GetCachePolicy(), "IHttpCachePolicy2")


def flags_of(p: Native) -> tuple[int, ...]:
    return p.IsUserCacheEnabled(), p.IsCached(), p.GetKernelCacheInvalidatorSet(), p.IsForceUpdateSet()


def test_a_policy_begins_as_no_cache(exchange: Open) -> None:
    p = policy(exchange())
    for slot in ("GetKernelCachePolicy", "GetUserCachePolicy"):
        struct = p.slot(slot)()
        assert (struct.Policy, struct.SecondsToLive) == (0, 0)
    assert flags_of(p) == (1, 0, 0, 0)
    assert p.GetVaryByHeaders() == p.GetVaryByQueryStrings() == p.GetVaryByValue() == NULL


def test_a_policy_keeps_what_is_set(exchange: Open) -> None:
    x = exchange()
    p = policy(x)
    p.GetUserCachePolicy().SecondsToLive = 30
    p.DisableUserCache()
    p.SetIsCached()
    p.SetKernelCacheInvalidatorSet()
    p.SetForceUpdate()
    again = policy(x)
    assert again.GetUserCachePolicy().SecondsToLive == 30
    assert again.GetKernelCachePolicy().SecondsToLive == 0
    assert flags_of(again) == (0, 1, 1, 1)


@pytest.mark.parametrize(
    ("append", "get"),
    [("AppendVaryByHeader", "GetVaryByHeaders"), ("AppendVaryByQueryString", "GetVaryByQueryStrings")],
)
def test_vary_by_is_joined_with_commas(append: str, get: str, exchange: Open) -> None:
    p = policy(exchange())
    assert p.slot(append)(NULL) == 0
    assert p.slot(get)() == NULL
    for name in (b"one", b"two"):
        assert p.slot(append)(text(name)) == 0
    assert ffi.string(p.slot(get)()) == b"one,two"


def test_the_vary_by_value_is_the_last_one(exchange: Open) -> None:
    p = policy(exchange())
    assert p.SetVaryByValue(NULL) == INVALID_PARAMETER
    for value in (b"first", b"second"):
        assert p.SetVaryByValue(text(value)) == 0
    assert ffi.string(p.GetVaryByValue()) == b"second"


def test_the_policy_ends_with_the_request(host: Host) -> None:
    kept: list[Native] = []
    host.load("m", {"OnBeginRequest": lambda c, p: kept.append(view(response_of(c).GetCachePolicy(), P2)) or CONTINUE})
    host.fire()
    kept[0].IsCached()
    assert [e.method for e in host.iis.timeline.events if e.event == "violation"] == [
        "IHttpCachePolicy::IsCached was called on an IHttpCachePolicy2 that has ended"
    ]


P2 = "IHttpCachePolicy2"
