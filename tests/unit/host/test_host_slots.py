"""The entry that all calls go through: each slot of each host class, filled, typed, refused by name, and tight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from threading import Thread
from typing import Any

import pytest
from nativecall import (
    E_FAIL,
    E_NOTIMPL,
    FILE_NOT_FOUND,
    INVALID_PARAMETER,
    NOT_FOUND,
    NOT_SUPPORTED,
    NULL,
    Host,
    Native,
    address,
    hr,
    of,
    text,
    wide,
)

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import Method
from pyiismod.host import objects
from pyiismod.host._abi import ffi
from pyiismod.host.allocator import ModuleAllocator
from pyiismod.host.cachedata import CacheData, CacheKey
from pyiismod.host.completion import CompletionInfo
from pyiismod.host.global_providers import (
    ApplicationProvider,
    CacheProvider,
    ConfigurationChangeProvider,
    FileChangeProvider,
    PreBeginRequestProvider,
    RscaQueryProvider,
    StopListeningProvider,
    ThreadCleanupProvider,
    TraceEventProvider,
)
from pyiismod.host.memory import RequestPool
from pyiismod.host.objects import CONFIGURED, REAL, REFUSED, NativeObject, coverage, function_type
from pyiismod.host.preload import PreloadProvider
from pyiismod.host.providers import (
    AuthenticationProvider,
    EventProvider,
    MapHandlerProvider,
    MapPathProvider,
    ReadEntityProvider,
    SendResponseProvider,
)
from pyiismod.host.refusal import Refused
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.resolving import ResolveModulesProvider
from pyiismod.host.trace import Timeline
from pyiismod.host.user import Account, User
from pyiismod.pipeline import Completion
from pyiismod.worker.inprocess import NoBox

POISON = b"\xcc" * 512

_MAKE: dict[str, Callable[[Host, Any], NativeObject]] = {
    "RegistrationInfo": lambda h, x: RegistrationInfo("m", 1, h.timeline),
    "ModuleAllocator": lambda h, x: ModuleAllocator(h.timeline, RequestPool()),
    "Server": lambda h, x: h.iis.server,
    "Context": lambda h, x: x.context,
    "Request": lambda h, x: x.request,
    "Response": lambda h, x: x.response,
    "EventProvider": lambda h, x: EventProvider(x),
    "AuthenticationProvider": lambda h, x: AuthenticationProvider(x),
    "CompletionInfo": lambda h, x: CompletionInfo(x.timeline, Completion("Flush", 1)),
    "MapPathProvider": lambda h, x: MapPathProvider(x, "/", "C:\\"),
    "ReadEntityProvider": lambda h, x: ReadEntityProvider(x, NULL, 0, 0),
    "MapHandlerProvider": lambda h, x: MapHandlerProvider(x),
    "SendResponseProvider": lambda h, x: SendResponseProvider(x, True),
    "Site": lambda h, x: h.iis.process.site,
    "Application": lambda h, x: h.iis.process.application,
    "Connection": lambda h, x: x.around.connection,
    "User": lambda h, x: User(Account(), h.timeline),
    "UrlInfo": lambda h, x: x.around.url,
    "Metadata": lambda h, x: x.around.metadata,
    "ScriptMap": lambda h, x: h.iis.process.script_map(x.mapping.handler),
    "FileInfo": lambda h, x: h.iis.process.file(__file__),
    "FileMonitor": lambda h, x: h.iis.process.monitor(__file__),
    "TokenEntry": lambda h, x: h.iis.process.token("somebody"),
    "CacheKey": lambda h, x: CacheKey("cache", "text", h.timeline, x.pool),
    "CacheData": lambda h, x: CacheData("cache", "text", h.timeline, h.iis.file_of),
    "CachePolicy": lambda h, x: x.around.cache_policy,
    "TraceContext": lambda h, x: x.around.trace,
    "PerfCounterInfo": lambda h, x: h.iis.process.counters,
    "ModuleContextContainer": lambda h, x: x.around.container,
    "ConnectionContextContainer": lambda h, x: x.around.connection.container,
    "DispensedContainer": lambda h, x: h.iis.process.dispense(),
    "NamedContextContainer": lambda h, x: x.around.named_container,
    "PreBeginRequestProvider": lambda h, x: PreBeginRequestProvider(x.timeline, x.context),
    "ApplicationProvider": lambda h, x: ApplicationProvider(x.timeline, h.iis.process.application),
    "ResolveModulesProvider": lambda h, x: ResolveModulesProvider(
        x.timeline, h.iis.process.application, x.settings, [], h.iis.next_id
    ),
    "ThreadCleanupProvider": lambda h, x: ThreadCleanupProvider(x.timeline, h.iis.process.application),
    "StopListeningProvider": lambda h, x: StopListeningProvider(x.timeline, True),
    "ConfigurationChangeProvider": lambda h, x: ConfigurationChangeProvider(x.timeline, "MACHINE"),
    "FileChangeProvider": lambda h, x: FileChangeProvider(x.timeline, "C:\\", h.iis.process.monitor(__file__)),
    "CacheProvider": lambda h, x: CacheProvider(x.timeline, 0, NULL, NULL, NULL),
    "TraceEventProvider": lambda h, x: TraceEventProvider(x.timeline, NULL, lambda _: True, x.context),
    "RscaQueryProvider": lambda h, x: RscaQueryProvider(x.timeline, "name", "parameters"),
    "PreloadProvider": lambda h, x: PreloadProvider(h.iis, x.timeline, True),
    "WorkerProcessSettings": lambda h, x: h.iis.process.worker_settings,
}


def host_classes() -> list[type[NativeObject]]:
    found: list[type[NativeObject]] = []
    unseen: list[type[NativeObject]] = [NativeObject]
    while unseen:
        subclasses = [c for c in unseen.pop().__subclasses__() if c.__module__.startswith("pyiismod.")]
        found += subclasses
        unseen += subclasses
    return sorted({c for c in found if hasattr(c, "interface")}, key=lambda c: c.__name__)


CLASSES = host_classes()
ROOTS = (  # families, not versions
    "IHttpApplicationProvider",
    "IHttpCacheSpecificData",
    "IHttpEventProvider",
    "IHttpModuleContextContainer",
)
REFUSALS = [(cls, m) for cls in CLASSES for m, kind in coverage(cls) if kind == REFUSED]
DOCUMENTED = {  # where the reference names the failure (fact sheet 2.4, 5.1, 5.2, 5.4)
    "ExecuteRequest": NOT_SUPPORTED,
    "CancelIo": NOT_FOUND,
    "GetFileInfo": E_FAIL,
    "FlushKernelCache": NOT_SUPPORTED,
    "GetProtocolManagerCustomInterface": FILE_NOT_FOUND,
    "RemoveFragmentFromCache": FILE_NOT_FOUND,
    "ReadFragmentFromCache": hr(3),
    "NegotiateClientCertificate": E_FAIL,
}


@pytest.fixture
def things(host: Host) -> Iterator[Callable[[type[NativeObject]], NativeObject]]:
    x = host.open()
    yield lambda cls: _MAKE[cls.__name__](host, x)
    x._end()
    assert host.timeline.faults == []


def arguments(method: Method, *, null: bool) -> tuple[list[Any], list[Any]]:
    """Return valid arguments, and the poisoned blocks that the out pointers among them point to."""
    blocks, values = [], []
    for ctype, param in zip(ffi.typeof(function_type(method)).args[1:], method.params, strict=True):
        if ctype.kind == "primitive":
            values.append(1)
        elif null:
            values.append(ffi.cast(ctype, 0))
        elif param.direction == "in" and ctype.cname in ("char *", "char const *"):
            values.append(text(b"name"))
        elif param.direction == "in" and "char16_t" in ctype.cname and ctype.cname.count("*") == 1:
            values.append(wide("name"))
        else:
            blocks.append(ffi.new("char[]", POISON))
            values.append(ffi.cast(ctype, blocks[-1]))
    return values, blocks


def test_every_class_of_the_host_is_known_here() -> None:
    """A new host class has to enter the table above, so that all its slots are called."""
    assert [c.__name__ for c in CLASSES] == sorted(_MAKE)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_the_vtable_is_full(cls: type[NativeObject], things: Callable[..., NativeObject]) -> None:
    """Section 0: one object, the longest table, no empty slot, and a word before slot 0 that dynamic_cast may read."""
    thing = things(cls)
    vtable = ffi.cast("uintptr_t *", ffi.cast("uintptr_t *", thing.pointer)[0])
    slots = [vtable[i] for i in range(len(cls.interface.table()))]
    assert all(slots)
    assert len(set(slots)) == len(slots)
    assert vtable[-1] == 0
    assert address(thing.pointer) == thing.this
    longest = [i for i in INTERFACES.values() if issubclass(i, cls.interface)]
    assert longest == [cls.interface] or cls.interface.__name__ in ROOTS


@pytest.mark.parametrize("null", [False, True], ids=["pointers", "nulls"])
@pytest.mark.parametrize(("cls", "method"), REFUSALS, ids=lambda v: getattr(v, "overload", getattr(v, "__name__", "")))
def test_a_refused_slot_fails_by_name_and_touches_nothing(
    cls: type[NativeObject], method: Method, null: bool, things: Callable[..., NativeObject]
) -> None:
    """Design section 6: recorded by name, the documented failure, out pointers untouched, never S_OK."""
    thing = things(cls)
    values, blocks = arguments(method, null=null)
    before = len(thing.timeline.refused)
    result = of(thing).slot(method.overload)(*values)
    assert thing.timeline.refused[before:] == [f"{method.interface}::{method.name}"]
    if method.returns == "HRESULT":
        assert result == DOCUMENTED.get(method.name, E_NOTIMPL)
    elif method.returns == "void":
        assert result is None
    else:
        assert not result
    assert all(ffi.buffer(block)[: len(POISON)] == POISON for block in blocks)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_a_late_call_on_any_slot_is_a_violation(cls: type[NativeObject], things: Callable[..., NativeObject]) -> None:
    """Section 6, item 2: an object that is used after its end is named, and the call fails."""
    thing = things(cls)
    native = of(thing)
    thing.end()
    thing.end()
    timeline = Timeline(NoBox())
    for method in cls.interface.table():
        values, blocks = arguments(method, null=False)
        with timeline.inside("notification", "late.dll", "OnEndRequest", notification="RQ_END_REQUEST"):
            result = native.slot(method.overload)(*values)
        last = timeline.events[-1]
        assert (last.event, last.module, last.notification) == ("violation", "late.dll", "RQ_END_REQUEST")
        assert f"{method.interface}::{method.name}" in last.method
        assert "ended" in last.method
        failure = INVALID_PARAMETER if method.name == "ReleaseClonedContext" else E_FAIL  # 5.1
        assert result == failure if method.returns == "HRESULT" else not result
        assert all(ffi.buffer(block)[: len(POISON)] == POISON for block in blocks)
    assert timeline.refused == []


def test_a_call_on_no_object_at_all(things: Callable[..., NativeObject]) -> None:
    """A pointer into nowhere of ours, with a vtable of ours: named, not followed."""
    real = things(next(c for c in CLASSES if c.__name__ == "Context"))
    stranger = ffi.new("uintptr_t[2]", [ffi.cast("uintptr_t *", real.pointer)[0], 0])
    timeline = Timeline(NoBox())
    with timeline.inside("notification", "odd.dll", "OnBeginRequest", notification="RQ_BEGIN_REQUEST"):
        result = Native(stranger, type(real).interface).PostCompletion(0)
    assert result == E_FAIL
    assert timeline.events[-1].event == "violation"
    assert "no object of the host" in timeline.events[-1].method


# --- the entry itself, on classes made for it: one slot of every signature that exists


def spy(name: str, answer: Callable[[Method], Any]) -> tuple[NativeObject, list[tuple[Any, ...]]]:
    """Return an object all of whose slots note their arguments and answer with ``answer(method)``."""
    received: list[tuple[Any, ...]] = []

    def recorder(method: Method) -> Callable[..., Any]:
        def slot(self: Any, *args: Any) -> Any:
            received.append(args)
            return answer(method)

        return slot

    interface = INTERFACES[name]
    slots = {method.overload: recorder(method) for method in interface.table()}
    return type(f"Spy{name}", (NativeObject, interface), slots)(Timeline(NoBox())), received


def raw_type(method: Method) -> str:
    return f"uint64_t(*)({', '.join(['uint64_t'] * (len(method.params) + 1))})"


def zero(method: Method) -> Any:
    kind = ffi.typeof(function_type(method)).result.kind
    return None if kind == "void" else NULL if kind == "pointer" else 0


@pytest.mark.parametrize("name", INTERFACES)
def test_arguments_arrive_in_their_place_whatever_the_upper_bits_are(name: str) -> None:
    """Upper bits of USHORT, UCHAR, BOOL and DWORD arguments are garbage; there are up to 10 arguments with this."""
    thing, received = spy(name, zero)
    for method in thing.interface.table():
        numbers = count(0x41)
        sent: list[int] = []
        expected: list[Any] = []
        keep: list[Any] = []
        for ctype in ffi.typeof(function_type(method)).args[1:]:
            n = next(numbers)
            if ctype.kind == "primitive":
                bits = 8 * ffi.sizeof(ctype)
                sent.append((0xA5A5A5A5A5A5A5A5 << bits | n) & (1 << 64) - 1)
                expected.append(n)
            else:  # text wherever a description may read it
                keep.append(ffi.new("char[256]"))
                sent.append(address(keep[-1]))
                expected.append(address(keep[-1]))
        of(thing).slot(method.overload, raw_type(method))(*sent)
        got = [a if isinstance(a, int) else address(a) for a in received.pop()]
        assert got == expected, method.name
    assert thing.timeline.faults == []
    assert len(thing.timeline.events) == len(thing.interface.table())


@pytest.mark.parametrize("fault", [ValueError(), KeyboardInterrupt(), MemoryError()], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("name", ["IHttpContext4", "IHttpRequest4", "IHttpResponse4", "IHttpServer3"])
def test_nothing_of_ours_escapes(name: str, fault: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    """Architecture: an exception is kept, and the slot fails as documented; no memory left is an answer, no fault."""

    def fail(method: Method) -> Any:
        raise fault

    thing, _ = spy(name, fail)
    for method in thing.interface.table():
        values, _ = arguments(method, null=False)
        result = of(thing).slot(method.overload)(*values)
        if method.returns == "HRESULT":
            assert result == (hr(8) if isinstance(fault, MemoryError) else E_FAIL)
        else:
            assert not result
    expected = 0 if isinstance(fault, MemoryError) else len(thing.interface.table())
    assert thing.timeline.faults == [fault] * expected
    assert capfd.readouterr().err == ""


def test_an_answer_that_does_not_fit_is_a_fault_and_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    """A result that C cannot hold must not turn into 0, which is S_OK."""
    thing, _ = spy("IHttpRequest", lambda method: 1 << 40 if zero(method) == 0 else zero(method))
    with thing.timeline.inside("notification", "a.dll", "OnBeginRequest", notification="RQ_BEGIN_REQUEST"):
        assert of(thing).InsertEntityBody(NULL, 0) == E_FAIL
        assert of(thing).GetHeader_id(1 << 30, NULL) == NULL
    assert [type(f) for f in thing.timeline.faults] == [OverflowError]
    assert capfd.readouterr().err == ""


def test_a_broken_black_box_is_a_fault_and_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    """Also what surrounds a slot must not escape."""

    class Broken(NoBox):
        def call(self, text: str) -> None:
            raise OSError("disk full")

    thing, received = spy("IHttpContext", zero)
    thing.timeline = Timeline(Broken())
    with thing.timeline.inside("notification", "a.dll", "OnBeginRequest", notification="RQ_BEGIN_REQUEST"):
        assert of(thing).PostCompletion(1) == E_FAIL
        assert of(thing).SetRequestHandled() is None
    assert received == []
    assert [type(f) for f in thing.timeline.faults] == [OSError] * 2
    assert capfd.readouterr().err == ""


def test_a_slot_may_refuse_a_part_of_its_contract() -> None:
    def refuse(method: Method) -> Any:
        raise Refused

    thing, _ = spy("IHttpResponse", refuse)
    assert of(thing).SetNeedDisconnect() is None
    assert of(thing).Flush(0, 0, NULL, NULL) == E_NOTIMPL
    assert thing.timeline.refused == ["IHttpResponse::SetNeedDisconnect", "IHttpResponse::Flush"]
    assert thing.timeline.faults == []


def test_calls_nest_under_the_frame_of_their_thread() -> None:
    thing, _ = spy("IHttpContext", zero)
    timeline = Timeline(NoBox())
    of(thing).SetRequestHandled()
    with timeline.inside("notification", "a.dll", "OnLogRequest", notification="RQ_LOG_REQUEST", post=True):
        of(thing).SetRequestHandled()
    outside, inside = thing.timeline.events, timeline.events
    assert [(e.event, e.module, e.depth) for e in outside] == [("call", None, 0)]
    assert [(e.event, e.module, e.notification, e.post, e.depth) for e in inside] == [
        ("notification", "a.dll", "RQ_LOG_REQUEST", True, 0),
        ("call", "a.dll", "RQ_LOG_REQUEST", True, 1),
    ]
    assert (inside[1].interface, inside[1].method, inside[1].result) == ("IHttpContext", "SetRequestHandled", None)


def test_ended_objects_are_remembered_for_a_while_and_then_forgotten() -> None:
    """A late call is named after a thousand other objects; memory stays flat after ten thousand."""
    timeline = Timeline(NoBox())
    first = RegistrationInfo("m", 1, timeline)
    native = of(first)
    first.end()
    live = len(objects._live)
    for i in range(10_000):
        RegistrationInfo("m", 1, timeline).end()
        if i == 1000:
            native.GetId()
    assert [e.method for e in timeline.events if e.event == "violation"] == [
        "IHttpModuleRegistrationInfo::GetId was called on an IHttpModuleRegistrationInfo2 that has ended"
    ]
    assert len(objects._live) == live
    assert len(objects._ended) < 5000


def test_many_objects_live_at_once() -> None:
    """More requests at once than anybody expected: each object has its own place, and keeps it."""
    timeline = Timeline(NoBox())
    made = [RegistrationInfo("m", i + 1, timeline) for i in range(9000)]
    assert len({thing.this for thing in made}) == len(made)
    assert [address(of(thing).GetId()) for thing in made] == list(range(1, 9001))
    for thing in made:
        thing.end()


def test_objects_of_many_threads_do_not_meet() -> None:
    timeline = Timeline(NoBox())
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(300):
            things = [RegistrationInfo("m", number, timeline) for _ in range(5)]
            wrong.extend(number for thing in things if address(of(thing).GetId()) != number)
            for thing in things:
                thing.end()

    threads = [Thread(target=work, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_vtable_of_a_class_is_made_once() -> None:
    timeline = Timeline(NoBox())
    first, second = RegistrationInfo("a", 1, timeline), RegistrationInfo("b", 2, timeline)
    assert ffi.cast("uintptr_t *", first.pointer)[0] == ffi.cast("uintptr_t *", second.pointer)[0]
    assert first.this != second.this
    first.end()
    second.end()


def test_coverage_says_what_a_slot_is() -> None:
    from pyiismod.host.server import Server

    kinds = {m.overload: kind for m, kind in coverage(Server)}
    assert kinds["GetAppPoolName"] == CONFIGURED
    assert kinds["GetExtendedInterface"] == REAL
    assert kinds["GetAdminManager"] == REFUSED
