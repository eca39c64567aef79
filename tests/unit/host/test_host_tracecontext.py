"""IHttpTraceContext (fact sheet 5.8): events of modules stand in the timeline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from nativecall import CONTINUE, INVALID_PARAMETER, NULL, Host, Native, address, of, text, wide
from stored import module_id, view

from pyiismod.host._abi import ffi
from pyiismod.host.trace import Event

PROVIDER = UUID("12345678-9abc-def0-1234-56789abcdef0")


def guid(value: UUID = PROVIDER) -> Any:
    return ffi.from_buffer("GUID *", bytearray(value.bytes_le))


def trace_of(thing: Native) -> Native:
    return view(thing.GetTraceContext(), "IHttpTraceContext")


def traced(host: Host) -> list[Event]:
    return [e for e in host.timeline.events if e.event == "trace"]


@pytest.mark.parametrize(("verbosity", "answer"), [(5, (0xFFFFFFFF, 5, 1)), (2, (0xFFFFFFFF, 2, 1)), (0, (0, 0, 0))])
def test_the_configuration_is_the_tests(verbosity: int, answer: tuple[int, int, int]) -> None:
    host = Host(trace_verbosity=verbosity)
    provider = guid()
    configuration = ffi.new("HTTP_TRACE_CONFIGURATION *", {"pProviderGuid": provider})
    for context in (trace_of(of(host.iis.server)), trace_of(of(host.open().context))):
        assert context.GetTraceConfiguration(configuration) == 0
        assert (configuration.dwAreas, configuration.dwVerbosity, configuration.fProviderEnabled) == answer
    configuration.pProviderGuid = NULL
    assert context.GetTraceConfiguration(configuration) == INVALID_PARAMETER


def test_what_modules_want_to_hear_of(host: Host) -> None:
    context = trace_of(of(host.iis.server))
    provider = guid()
    wanted = ffi.new("HTTP_TRACE_CONFIGURATION[2]")
    wanted[0].pProviderGuid, wanted[0].dwAreas, wanted[0].dwVerbosity, wanted[0].fProviderEnabled = provider, 6, 4, 1
    assert context.SetTraceConfiguration(module_id(1), wanted, 2) == INVALID_PARAMETER
    assert host.iis.process.tracing.subscriptions == {}
    assert context.SetTraceConfiguration(module_id(1), wanted, 1) == 0
    assert host.iis.process.tracing.subscriptions == {(1, str(PROVIDER)): (6, 4, True)}


def test_an_event_with_its_items(host: Host) -> None:
    provider = guid()
    data = {
        "number": (ffi.new("DWORD *", 4_000_000_000), 19),
        "negative": (ffi.new("int32_t *", -5), 3),
        "flag": (ffi.new("BOOL *", 1), 11),
        "wide": (wide("breit ä"), 31),
        "narrow": (text(b"schmal"), 30),
        "id": (guid(), 72),
        "other": (ffi.new("char[3]"), 999),
        "nothing": (NULL, 19),
    }
    names = [wide(name) for name in data]
    items = ffi.new("HTTP_TRACE_EVENT_ITEM[]", len(data))
    for i, (pointer, kind) in enumerate(data.values()):
        items[i].pszName, items[i].dwDataType = names[i], kind
        items[i].pbData, items[i].cbData = ffi.cast("BYTE *", pointer), 3
    event = ffi.new("HTTP_TRACE_EVENT *")
    name = wide("MY_EVENT")
    event.pProviderGuid, event.pszEventName, event.dwEvent = provider, name, 9
    event.dwArea, event.dwVerbosity, event.cEventItems, event.pEventItems = 2, 4, len(data), items

    def begin(context: Native, p: Native) -> int:
        assert trace_of(context).RaiseTraceEvent(event) == 0
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    (written,) = traced(host)
    assert (written.method, written.module, written.notification) == ("MY_EVENT", "m.dll", "RQ_BEGIN_REQUEST")
    assert written.args == {
        "provider": str(PROVIDER),
        "area": 2,
        "event": 9,
        "level": "information",
        "number": 4_000_000_000,
        "negative": -5,
        "flag": True,
        "wide": "breit ä",
        "narrow": "schmal",
        "id": str(PROVIDER),
        "other": "3 bytes",
        "nothing": None,
    }


def test_events_without_a_provider_or_a_name(host: Host) -> None:
    x = host.open()
    context = trace_of(of(x.context))
    event = ffi.new("HTTP_TRACE_EVENT *", {"dwEvent": 7})
    assert context.RaiseTraceEvent(NULL) == INVALID_PARAMETER
    assert context.RaiseTraceEvent(event) == INVALID_PARAMETER
    provider = guid()
    event.pProviderGuid, event.cEventItems = provider, 3
    assert context.RaiseTraceEvent(event) == 0
    assert [e.method for e in traced(host)] == ["7"]
    x._end()


def test_quick_trace(host: Host) -> None:
    x = host.open()
    context = trace_of(of(x.context))
    assert context.QuickTrace(wide("one"), wide("two"), -1, 2) == 0
    assert context.QuickTrace(wide("one"), NULL, 0, 4) == 0
    assert [e.args for e in traced(host)] == [
        {"data1": "one", "data2": "two", "error": -1, "level": "error"},
        {"data1": "one", "data2": None, "error": 0, "level": "information"},
    ]
    x._end()


def test_requests_have_activities_and_the_process_has_none(host: Host) -> None:
    assert trace_of(of(host.iis.server)).GetTraceActivityId() == NULL
    seen = set()
    for _ in range(2):
        x = host.open()
        activity = trace_of(of(x.context)).GetTraceActivityId()
        seen.add(ffi.buffer(activity)[:])
        assert address(trace_of(of(x.context)).GetTraceActivityId()) == address(activity)
        x._end()
    assert len(seen) == 2
