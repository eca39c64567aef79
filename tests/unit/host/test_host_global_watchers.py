"""Global modules that watch caches and trace events (fact sheet 4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from globalcall import CONTINUE, HANDLED, load_global
from nativecall import (
    FILE_NOT_FOUND,
    FINISH,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    NULL,
    Host,
    Native,
    address,
    make,
    of,
    read_wide,
    wide,
)

from pyiismod.abi.trace import IHttpTraceContext
from pyiismod.host._abi import ffi

pytestmark = pytest.mark.usefixtures("pool")

PROVIDER = UUID("01234567-89ab-cdef-0123-456789abcdef")
RETRIEVE, ADD, DELETE, FLUSH_PREFIX, ENUM = range(5)


# --- caches


def key_of(name: str) -> Any:
    cache = wide(name)
    return make("IHttpCacheKey", {"GetHash": lambda: 7, "GetCacheName": lambda: cache})


def test_a_module_may_serve_a_cache_itself(host: Host) -> None:
    """4: operation, key and record; what SetCacheRecord leaves is the answer, HANDLED keeps IIS's own cache out."""
    served = make("IHttpCacheSpecificData", {})
    seen: list[tuple[int, int, int]] = []

    def operate(provider: Native) -> int:
        seen.append((provider.GetCacheOperation(), address(provider.GetCacheKey()), address(provider.GetCacheRecord())))
        assert provider.GetTraceContext() == NULL
        if provider.GetCacheOperation() == RETRIEVE:
            provider.SetCacheRecord(NULL)
            provider.SetCacheRecord(served)
        return HANDLED

    load_global(host, "g", {"OnGlobalCacheOperation": operate})
    server, key, out = of(host.iis.server), key_of("MINE"), ffi.new("void **", served)
    assert [server.DoCacheOperation(what, key, out, NULL) for what in (ADD, DELETE, FLUSH_PREFIX, ENUM)] == [0] * 4
    out[0] = NULL
    assert server.DoCacheOperation(RETRIEVE, key, out, NULL) == 0
    assert out[0] == served
    here, record = address(key), address(served)
    assert seen == [
        (ADD, here, record),
        (DELETE, here, 0),
        (FLUSH_PREFIX, here, 0),
        (ENUM, here, 0),
        (RETRIEVE, here, 0),
    ]
    assert server.DoCacheOperation(99, key, out, NULL) == NOT_SUPPORTED
    assert [e.method for e in host.iis.timeline.events if e.event == "violation"] == [
        "SetCacheRecord was given NULL: IIS would crash here"
    ]


def test_a_handled_retrieval_without_a_record_is_a_miss(host: Host) -> None:
    load_global(host, "g", {"OnGlobalCacheOperation": lambda provider: HANDLED})
    out = ffi.new("void **")
    assert of(host.iis.server).DoCacheOperation(RETRIEVE, key_of("MINE"), out, NULL) == FILE_NOT_FOUND


def test_accesses_to_the_caches_of_iis(host: Host) -> None:
    """4: any cache access of IIS; the first one adds the record."""
    seen: list[tuple[int, bool]] = []
    handler = {
        "OnGlobalCacheOperation": lambda p: seen.append((p.GetCacheOperation(), p.GetCacheRecord() != NULL)) or 0
    }
    load_global(host, "g", handler)
    first, second = host.iis.process.file(__file__), host.iis.process.file(__file__)
    assert first is second
    assert seen == [(RETRIEVE, False), (ADD, True), (RETRIEVE, True)]


def test_no_cache_operation_while_modules_are_resolved(host: Host) -> None:
    """4: the page forbids it."""

    def resolve(provider: Native) -> int:
        of(host.iis.server).DoCacheOperation(ENUM, key_of("MINE"), NULL, NULL)
        return CONTINUE

    load_global(host, "g", {"OnGlobalApplicationResolveModules": resolve})
    host.fire()
    assert host.violations == ["DoCacheOperation was called while the application's modules are resolved"]


# --- trace events


def guid(value: UUID = PROVIDER) -> Any:
    return ffi.from_buffer("GUID *", bytearray(value.bytes_le))


def subscribe(host: Host, module_id: int, areas: int, verbosity: int, *, enabled: bool = True) -> None:
    wanted, provider = ffi.new("HTTP_TRACE_CONFIGURATION *"), guid()
    wanted.pProviderGuid, wanted.dwAreas, wanted.dwVerbosity, wanted.fProviderEnabled = (
        provider,
        areas,
        verbosity,
        enabled,
    )
    trace = Native(of(host.iis.server).GetTraceContext(), IHttpTraceContext)
    assert trace.SetTraceConfiguration(ffi.cast("void *", module_id), wanted, 1) == 0


def raise_event(trace: Any, area: int = 0, verbosity: int = 4) -> None:
    event, provider, name = ffi.new("HTTP_TRACE_EVENT *"), guid(), wide("EVENT")
    event.pProviderGuid, event.pAreaGuid, event.pszEventName = provider, provider, name
    event.dwArea, event.dwVerbosity = area, verbosity
    assert Native(trace, IHttpTraceContext).RaiseTraceEvent(event) == 0


def test_events_are_told_after_somebody_asked_for_any(host: Host) -> None:
    """4: after SetTraceConfiguration; everyone registered is told, and CheckSubscription says whether it was meant."""
    seen: list[tuple[str, int, int]] = []

    def event(provider: Native) -> int:
        out = ffi.new("HTTP_TRACE_EVENT **")
        assert provider.GetTraceEvent(NULL) == INVALID_PARAMETER
        assert provider.GetTraceEvent(out) == 0
        ids = [provider.CheckSubscription(ffi.cast("void *", i)) for i in (1, 2)]
        seen.append((read_wide(out[0].pszEventName), *ids))
        raise_event(trace)  # is not told again
        return CONTINUE

    load_global(host, "g", {"OnGlobalTraceEvent": event})
    trace = of(host.iis.server).GetTraceContext()
    raise_event(trace)
    assert seen == []
    subscribe(host, 1, 0b10, 4)
    for area, verbosity in ((0, 4), (0b10, 4), (0b01, 4), (0, 5)):
        raise_event(trace, area, verbosity)
    assert seen == [("EVENT", 1, 0), ("EVENT", 1, 0), ("EVENT", 0, 0), ("EVENT", 0, 0)]
    seen.clear()
    subscribe(host, 1, 0b10, 4, enabled=False)
    raise_event(trace)
    assert seen == []


def test_the_request_of_an_event(host: Host) -> None:
    """4: ERROR_NOT_SUPPORTED for an event of the process."""
    results: list[tuple[int, int]] = []
    contexts: list[int] = []

    def event(provider: Native) -> int:
        out = ffi.new("void **")
        assert provider.GetCurrentHttpRequestContext(NULL) == INVALID_PARAMETER
        results.append((provider.GetCurrentHttpRequestContext(out), address(out[0])))
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        contexts.append(address(context.pointer))
        assert Native(context.GetTraceContext(), IHttpTraceContext).QuickTrace(wide("x"), NULL, 0, 4) == 0
        raise_event(of(host.iis.server).GetTraceContext())
        return FINISH

    load_global(host, "g", {"OnGlobalTraceEvent": event})
    host.load("r", {"OnBeginRequest": begin})
    subscribe(host, 1, 0, 5)
    host.fire()
    assert results == [(0, contexts[0]), (NOT_SUPPORTED, 0)]
